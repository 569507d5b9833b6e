package stories

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnow"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/pgbouncer"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// database is the story's database, of any type.
type database interface {
	Exec(t testing.TB, statements ...string)
	Query(t testing.TB, query string) [][]string
}

// postgres gives the story a fresh database: PGHOST, PGPORT, ... and DATABASE.
// With an argument, the login is a new role that owns nothing.
func (s stories) postgres(ts *testscript.TestScript, _ bool, args []string) {
	w := s.world(ts)
	login, ok := w.database.(postgres.Database)
	if !ok {
		login = postgres.New(s.story(ts))
		w.database = login
	}
	if len(args) > 0 {
		login = login.As(s.story(ts), args[0])
		ts.Setenv("ROLE", login.User)
	}
	setenv(ts, append(login.Environment(), "CA="+login.CA, "CERTIFICATE="+login.Certificate, "KEY="+login.Key))
}

// pgbouncer starts a pooler between the story and its database.
func (s stories) pgbouncer(ts *testscript.TestScript, _ bool, _ []string) {
	pooled := pgbouncer.Before(s.story(ts), s.world(ts).database.(postgres.Database))
	ts.Setenv("PGPORT", strconv.Itoa(pooled.Port))
}

// mysql gives the story a fresh database of a flavour: MYSQL_TYPE, MYSQL_HOST, ...
func (s stories) mysql(ts *testscript.TestScript, _ bool, args []string) {
	login := mysql.New(s.story(ts), mysql.Flavour(args[0]))
	s.world(ts).database = login
	setenv(ts, login.Environment())
}

// snowflake gives the story a fresh database: SNOWFLAKE_HOST, SNOWFLAKE_PORT, ...
func (s stories) snowflake(ts *testscript.TestScript, _ bool, _ []string) {
	login := fakesnow.New(s.story(ts))
	s.world(ts).database = login
	setenv(ts, login.Environment())
}

func setenv(ts *testscript.TestScript, variables []string) {
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		ts.Setenv(name, value)
	}
}

// silent sets a variable to the port of a server that accepts connections and never
// answers: silent PGPORT.
func (s stories) silent(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { listener.Close() })
	ts.Setenv(args[0], strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
}

// sql runs a statement, or that of a file, as the database's owner, and prints the rows
// of a query.
func (s stories) sql(ts *testscript.TestScript, _ bool, args []string) {
	statement := strings.Join(args, " ")
	if strings.HasSuffix(statement, ".sql") {
		statement = ts.ReadFile(statement)
	}
	w := s.world(ts)
	if !strings.HasPrefix(statement, "select") {
		w.database.Exec(s.story(ts), statement)
		return
	}
	for _, row := range w.database.Query(s.story(ts), statement) {
		fmt.Fprintln(ts.Stdout(), strings.Join(row, " | "))
	}
}

// await waits until a query returns a row, which a background command will insert.
func (s stories) await(ts *testscript.TestScript, _ bool, args []string) {
	for range 300 {
		if len(s.world(ts).database.Query(s.story(ts), strings.Join(args, " "))) > 0 {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	ts.Fatalf("no row for %s", strings.Join(args, " "))
}
