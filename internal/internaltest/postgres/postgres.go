// Package postgres starts a real PostgreSQL server for tests: one for the test
// process, with a fresh database for whoever asks. It leaves everything that is
// said about the audit tables to the packages it tests.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// admin starts the server, once, and is the login that may do everything.
var (
	admin     = sync.OnceValues(start)
	databases atomic.Int64
)

// Database is a fresh, empty database and the login that owns it. Its fields
// may be changed in a copy, to connect as somebody else or in another way.
type Database struct {
	Host, SocketDir string // the same server by TCP, with TLS or without, and by a Unix socket
	Port            int
	Name            string
	User, Password  string
	CA              string // file of the certificate authority that signed for "localhost", and for no address
	Certificate     string // files of what it signed, good for a client too
	Key             string
}

// New makes a database, and starts the server first if it does not run yet. The
// test is skipped if the machine has no PostgreSQL and none can be downloaded.
// Nothing is undone at the end of the test: the server goes as a whole.
func New(t testing.TB) Database {
	t.Helper()
	db, err := admin()
	if errors.Is(err, errNoBinaries) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	name := fmt.Sprintf("test_%d", databases.Add(1))
	db.Exec(t, "create database "+name)
	db.Name = name
	return db
}

// Settings are the database as an output of profiles.yml says it, TLS off.
func (d Database) Settings() map[string]any {
	return map[string]any{
		"type": "postgres", "host": d.Host, "port": d.Port, "user": d.User, "password": d.Password,
		"dbname": d.Name, "schema": "public", "sslmode": "disable",
	}
}

// Environment is the same as libpq's variables.
func (d Database) Environment() []string {
	return []string{
		"PGHOST=" + d.Host, "PGPORT=" + strconv.Itoa(d.Port), "PGUSER=" + d.User, "PGPASSWORD=" +
			d.Password, "PGDATABASE=" + d.Name,
	}
}

// Exec runs statements, several in one string where wanted.
func (d Database) Exec(t testing.TB, statements ...string) {
	t.Helper()
	conn := d.connect(t)
	defer conn.Close(context.Background())
	for _, statement := range statements {
		if _, err := conn.PgConn().Exec(t.Context(), statement).ReadAll(); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Query returns all rows of a query as text, "<nil>" where a value is null.
func (d Database) Query(t testing.TB, query string) [][]string {
	t.Helper()
	conn := d.connect(t)
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
		values, err := row.Values()
		texts := make([]string, len(values))
		for i, v := range values {
			texts[i] = fmt.Sprint(v)
		}
		return texts, err
	})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

// As creates a role that may log in, with no right but what PUBLIC has, and
// returns the database as that role sees it. Roles belong to the server, so the
// name gets the database's appended.
func (d Database) As(t testing.TB, role string) Database {
	t.Helper()
	role += "_" + d.Name
	password := "pass " + role
	d.Exec(t, fmt.Sprintf("create role %s login password '%s'", Quote(role), strings.ReplaceAll(password, "'", "''")))
	d.User, d.Password = role, password
	return d
}

// Quote quotes an identifier.
func Quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func (d Database) connect(t testing.TB) *pgx.Conn {
	t.Helper()
	conn, err := d.dial(t.Context())
	if err != nil {
		t.Fatalf("connect to the test database %s: %v", d.Name, err)
	}
	return conn
}

func (d Database) dial(ctx context.Context) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return nil, err
	}
	config.Host, config.Port, config.Database = d.Host, uint16(d.Port), d.Name
	config.User, config.Password = d.User, d.Password
	return pgx.ConnectConfig(ctx, config)
}
