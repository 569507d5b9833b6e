// Package postgres starts a real PostgreSQL server for tests: one per test process, with
// a fresh database per test. The audit tables are left to the packages under test.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
)

// admin starts the server, once, and returns the superuser's login.
var (
	admin     = sync.OnceValues(start)
	databases atomic.Int64
)

// Database is a fresh, empty database and its owner's login. A test may change the fields
// of a copy, to connect as another user or in another way.
type Database struct {
	Host, SocketDir string // the same server by TCP (with or without TLS) and by a Unix socket
	Port            int
	Name            string
	User, Password  string
	CA              string // file of the authority; the certificate is for "localhost", not for addresses
	Certificate     string // files of the certificate and key, which a client may use too
	Key             string
}

// New creates a database, and starts the server if necessary. It skips the test if the
// machine has no PostgreSQL and none can be downloaded. It cleans nothing up at the end
// of the test, because the server and its data are removed as a whole.
func New(t testing.TB) Database {
	t.Helper()
	db, err := admin()
	if errors.Is(err, errNoBinaries) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	// Names of one length, because the server cuts a long line that it quotes in an error.
	name := fmt.Sprintf("test_%04d", databases.Add(1))
	conn := db.connect(t)
	defer conn.Close(context.Background())
	if _, err := conn.Exec(t.Context(), "create database "+name+strategy(conn.PgConn().ParameterStatus("server_version"))); err != nil {
		t.Fatalf("create a database: %v", err)
	}
	db.Name = name
	return db
}

// strategy makes a server of this version copy the files of a new database, as every server
// before PostgreSQL 15 does. Its default now is to write them to its log, which takes three
// times as long.
func strategy(version string) string {
	var major int
	if _, err := fmt.Sscanf(version, "%d", &major); err != nil || major < 15 {
		return ""
	}
	return " strategy file_copy"
}

// Settings returns the database as an output of profiles.yml, with TLS off.
func (d Database) Settings() map[string]any {
	return map[string]any{
		"type": "postgres", "host": d.Host, "port": d.Port, "user": d.User, "password": d.Password,
		"dbname": d.Name, "schema": "public", "sslmode": "disable",
	}
}

// Environment returns the same as libpq's variables.
func (d Database) Environment() []string {
	return []string{
		"PGHOST=" + d.Host, "PGPORT=" + strconv.Itoa(d.Port), "PGUSER=" + d.User, "PGPASSWORD=" +
			d.Password, "PGDATABASE=" + d.Name, "PGSSLMODE=disable",
	}
}

// Exec runs statements; one string may contain several.
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

// Query returns all rows of a query as text, with "<nil>" for null.
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

// As creates a role that may log in, with only PUBLIC's rights, and returns the database
// with its login. Roles belong to the server, so the database's name is appended to the
// role's name.
func (d Database) As(t testing.TB, role string) Database {
	t.Helper()
	role += "_" + d.Name
	password := "pass " + role
	d.Exec(t, fmt.Sprintf("create role %s login password '%s'", Quote(role), verifier(password)))
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

// Keep commits each of the statements in a session that stays connected until ctx is done.
func (d Database) Keep(ctx context.Context, t testing.TB, statements ...string) {
	t.Helper()
	conn := d.connect(t)
	context.AfterFunc(ctx, func() { _ = conn.Close(context.Background()) })
	for _, statement := range statements {
		if _, err := conn.PgConn().Exec(ctx, statement).ReadAll(); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Hold runs a statement in a transaction that stays open until ctx is done.
func (d Database) Hold(ctx context.Context, statement string) {
	conn, err := d.dial(ctx)
	if err != nil {
		return
	}
	defer conn.Close(context.Background())
	if _, err := conn.PgConn().Exec(ctx, "begin; "+statement).ReadAll(); err == nil {
		<-ctx.Done()
	}
}
