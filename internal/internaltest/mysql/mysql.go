// Package mysql starts a real MariaDB or MySQL server for tests: one of each per test
// process, with a fresh database per test. The audit tables are left to the packages
// under test.
package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	driver "github.com/go-sql-driver/mysql"
)

// Flavour selects MariaDB or MySQL.
type Flavour string

// MariaDB runs in uncommon modes and in another time zone than UTC, MySQL with its
// defaults.
const (
	MariaDB Flavour = "mariadb"
	MySQL   Flavour = "mysql"
)

// Flavours lists all flavours.
var Flavours = []Flavour{MariaDB, MySQL}

// admins start the servers, once, and return logins with all rights.
var (
	admins = map[Flavour]func() (Database, error){
		MariaDB: sync.OnceValues(startMariaDB),
		MySQL:   sync.OnceValues(startMySQL),
	}
	databases atomic.Int64
)

// Database is a fresh, empty database and a login with all rights on the server. A test
// may change the fields of a copy, to connect as another user or in another way.
type Database struct {
	Flavour        Flavour
	Host, Socket   string // the same server by TCP (with or without TLS) and by a Unix socket
	Port           int
	Name           string
	User, Password string
	CA             string // file of the authority; the certificate is for "localhost", not for addresses
}

// New creates a database, and starts the server if necessary. It skips the test if there
// is no such server. It cleans nothing up at the end of the test, because the server and
// its data are removed as a whole.
func New(t testing.TB, f Flavour) Database {
	t.Helper()
	db, err := admins[f]()
	if errors.Is(err, errNoServer) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("start %s: %v", f, err)
	}
	name := fmt.Sprintf("test_%04d", databases.Add(1))
	db.Exec(t, "create database "+name)
	db.Name = name
	return db
}

// Settings returns the database as an output of profiles.yml, with TLS off.
func (d Database) Settings() map[string]any {
	return map[string]any{
		"type": string(d.Flavour), "server": d.Host, "port": d.Port, "username": d.User, "password": d.Password,
		"schema": d.Name, "ssl_disabled": true,
	}
}

// Environment returns the same as variables, for a profile that reads them.
func (d Database) Environment() []string {
	return []string{
		"MYSQL_TYPE=" + string(d.Flavour), "MYSQL_HOST=" + d.Host, "MYSQL_PORT=" + strconv.Itoa(d.Port),
		"MYSQL_USER=" + d.User, "MYSQL_PASSWORD=" + d.Password, "MYSQL_DATABASE=" + d.Name,
	}
}

// Exec runs statements; one string may contain several.
func (d Database) Exec(t testing.TB, statements ...string) {
	t.Helper()
	conn := d.connect(t)
	defer conn.Close()
	for _, statement := range statements {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// Query returns all rows of a query as text, with "<nil>" for null.
func (d Database) Query(t testing.TB, query string) [][]string {
	t.Helper()
	conn := d.connect(t)
	defer conn.Close()
	rows, err := conn.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var all [][]string
	for rows.Next() {
		values, into, texts := make([]sql.NullString, len(columns)), make([]any, len(columns)), make([]string, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for i, value := range values {
			texts[i] = "<nil>"
			if value.Valid {
				texts[i] = value.String
			}
		}
		all = append(all, texts)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

// As creates a user without rights and returns the database with its login. Users belong
// to the server, so the database's name is appended to the user's name.
func (d Database) As(t testing.TB, user string) Database {
	t.Helper()
	user += "_" + d.Name
	password := "pass " + user
	d.Exec(t, fmt.Sprintf("create user '%s'@'%%' identified by '%s'", user, strings.ReplaceAll(password, "'", "''")))
	d.User, d.Password = user, password
	return d
}

// connect returns a pool of one connection.
func (d Database) connect(t testing.TB) *sql.DB {
	t.Helper()
	db, err := d.dial(t.Context())
	if err != nil {
		t.Fatalf("connect to the test database %s: %v", d.Name, err)
	}
	return db
}

func (d Database) dial(ctx context.Context) (*sql.DB, error) {
	config := driver.NewConfig()
	config.Net, config.Addr = "tcp", net.JoinHostPort(d.Host, strconv.Itoa(d.Port))
	config.User, config.Passwd, config.DBName = d.User, d.Password, d.Name
	config.MultiStatements, config.Logger = true, &driver.NopLogger{}
	connector, err := driver.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}
