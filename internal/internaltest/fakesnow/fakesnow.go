// Package fakesnow starts an emulated Snowflake for tests, fakesnow: one per test
// process, with a fresh database per test. The top of its server.py lists what the
// emulator does not imitate.
package fakesnow

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	_ "github.com/snowflakedb/gosnowflake" // registers the driver "snowflake"
)

// The server belongs to the test process, because starting one takes seconds.
var (
	shared    = sync.OnceValues(start)
	databases atomic.Int64
)

// Database is a fresh database with one empty schema, and a login; any login works.
type Database struct {
	Host         string
	Port         int
	Name, Schema string // in upper case, as for unquoted names
}

// New returns a database, which the first login creates, and starts the server if
// necessary. It skips the test if fakesnow is not installed. It cleans nothing up at the
// end of the test, because the server and its data are removed as a whole.
func New(t testing.TB) Database {
	t.Helper()
	db, err := shared()
	if errors.Is(err, errNotInstalled) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("start fakesnow: %v", err)
	}
	db.Name = fmt.Sprintf("TEST_%d", databases.Add(1))
	return db
}

// Settings returns the database as an output of profiles.yml.
func (d Database) Settings() map[string]any {
	return map[string]any{
		"type": "snowflake", "account": "acme-shop", "user": "ci", "password": "secret", "role": "transformer", "warehouse": "loading",
		"database": d.Name, "schema": d.Schema, "host": d.Host, "port": d.Port, "protocol": "http",
	}
}

// Environment returns the same as variables, for a profile that reads them.
func (d Database) Environment() []string {
	return []string{"SNOWFLAKE_HOST=" + d.Host, "SNOWFLAKE_PORT=" + strconv.Itoa(d.Port), "SNOWFLAKE_DATABASE=" + d.Name}
}

// Exec runs statements, one per string.
func (d Database) Exec(t testing.TB, statements ...string) {
	t.Helper()
	db := d.connect(t)
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Query returns all rows of a query as text, with "<nil>" for null.
func (d Database) Query(t testing.TB, query string) [][]string {
	t.Helper()
	db := d.connect(t)
	defer db.Close()
	all, err := texts(t.Context(), db, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

func texts(ctx context.Context, db *sql.DB, query string) (all [][]string, err error) {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, into, row := make([]sql.NullString, len(columns)), make([]any, len(columns)), make([]string, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		for i, value := range values {
			row[i] = "<nil>"
			if value.Valid {
				row[i] = value.String
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

func (d Database) connect(t testing.TB) *sql.DB {
	t.Helper()
	db, err := sql.Open("snowflake", fmt.Sprintf("owner:secret@%s/%s/%s?account=acme-shop&protocol=http&disableTelemetry=true",
		net.JoinHostPort(d.Host, strconv.Itoa(d.Port)), d.Name, d.Schema))
	if err != nil {
		t.Fatalf("connect to the test database %s: %v", d.Name, err)
	}
	db.SetMaxOpenConns(1)
	return db
}
