package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func TestEveryWayToConnect(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	certified := db.As(t, "certified")
	db.Exec(t, "grant "+postgres.NeedsCertificate+" to "+postgres.Quote(certified.User))
	for name, change := range map[string]map[string]any{
		"port as text":         {"port": fmt.Sprint(db.Port), "connect_timeout": "5", "keepalives_idle": 30},
		"synonyms":             {"password": nil, "pass": db.Password, "dbname": nil, "database": db.Name},
		"unix socket":          {"host": db.SocketDir, "sslmode": "verify-full"},
		"default sslmode":      {"sslmode": nil},
		"allow":                {"sslmode": "allow"},
		"prefer":               {"sslmode": "prefer"},
		"require":              {"sslmode": "require"},
		"verify-ca by address": {"sslmode": "verify-ca", "sslrootcert": db.CA},
		"verify-full by name":  {"sslmode": "verify-full", "sslrootcert": db.CA, "host": "localhost"},
		"relative path":        {"sslmode": "verify-ca", "sslrootcert": filepath.Base(db.CA)},
		"client certificate": {
			"sslmode": "require", "sslcert": filepath.Base(db.Certificate), "sslkey": db.Key, "user": certified.User,
			"password": certified.Password,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := options(db, warehouse.Table{Schema: "nowhere", Name: "log"}, warehouse.Read)
			o.Target.Dir = filepath.Dir(db.CA)
			maps.Copy(o.Target.Settings, change)
			if _, err := open(t, o).Prepare(t.Context()); !errors.Is(err, warehouse.ErrNoTable) {
				t.Errorf("error %v; want ErrNoTable", err)
			}
		})
	}
}

// secrets must not occur in any message.
var secrets = []string{"hunter", "p&ss w'ö"}

// refusedConnection is a change to a profile, and the expected part of the error.
type refusedConnection struct {
	change map[string]any
	want   string
}

func refusedConnections(t *testing.T, profile func() warehouse.Options, cases map[string]refusedConnection) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := profile()
			maps.Copy(o.Target.Settings, tc.change)
			store, err := warehouse.Open(t.Context(), o)
			if err == nil {
				defer store.Close()
				_, err = store.Prepare(t.Context())
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("error %v; want %q in it", err, tc.want)
			}
			withoutSecret(t, err)
		})
	}
}

func TestTheErrorOfARefusedConnectionHasTheReasonAndNoSecret(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	login := func(role, sslmode string) map[string]any {
		user := db.As(t, role)
		db.Exec(t, "grant "+role+" to "+postgres.Quote(user.User))
		return map[string]any{"user": user.User, "password": user.Password, "sslmode": sslmode}
	}
	refusedConnections(t, func() warehouse.Options {
		return options(db, warehouse.Table{Schema: "audit", Name: "log"}, warehouse.Read)
	}, map[string]refusedConnection{
		"TLS is needed":           {login(postgres.NeedsTLS, "disable"), "set sslmode to require, verify-ca or verify-full"},
		"a certificate is needed": {login(postgres.NeedsCertificate, "require"), "set sslcert and sslkey"},
		"wrong password": {
			map[string]any{"password": `hunter'2\`},
			": FATAL: password authentication failed for user \"postgres\" (SQLSTATE 28P01); set user and password in the profile",
		},
		"wrong password, perhaps with TLS": {
			map[string]any{"password": `hunter'2\`, "sslmode": "prefer"},
			fmt.Sprintf("connect to postgres at 127.0.0.1:%d: FATAL: password", db.Port),
		},
		"no such database": {
			map[string]any{"dbname": "nothing"}, `database "nothing" does not exist (SQLSTATE 3D000); set dbname to`,
		},
		"no such role": {map[string]any{"role": "nix"}, `role "nix" does not exist (SQLSTATE 22023); set role in the profile`},
		"no server": {
			map[string]any{"port": 1, "sslmode": "prefer"},
			"connect to postgres at 127.0.0.1:1: connection refused; start the server, or correct host and port",
		},
		"no host": {
			map[string]any{"host": "no-such.invalid", "port": 1},
			"connect to postgres at no-such.invalid:1: there is no host \"no-such.invalid\"; correct the host",
		},
		"no socket": {map[string]any{"host": "/nowhere"}, "connect to postgres at /nowhere: there is no such socket; correct"},
		"another program": {
			map[string]any{"port": closing(t)}, ": the server closed the connection; correct the port in the profile",
		},
		"unknown authority": {map[string]any{"sslmode": "verify-ca"}, "set sslrootcert"},
		"certificate of another host": {
			map[string]any{"sslmode": "verify-full", "sslrootcert": db.CA},
			"use the host that the certificate names, or set sslmode: verify-ca",
		},
		"missing authority's file": {map[string]any{"sslmode": "verify-ca", "sslrootcert": "/no/ca.crt"}, "/no/ca.crt"},
		"certificate without key":  {map[string]any{"sslmode": "require", "sslcert": db.CA}, `"sslcert" and "sslkey"`},
		"unknown sslmode": {
			map[string]any{"sslmode": "on"},
			`sslmode: unknown value "on"; expected disable, allow, prefer, require, verify-ca, verify-full`,
		},
		"bad timeout": {
			map[string]any{"connect_timeout": "soon"}, `connect_timeout: "soon" is not a number of seconds`,
		},
		"bad port":                 {map[string]any{"port": "hunter"}, "host or port cannot be read"},
		"role that is not granted": {map[string]any{"role": "nobody_here"}, "nobody_here"},
	})
}

// closing returns the port of a server that closes every connection at once.
func closing(t *testing.T) (port int) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestConnectingToASilentServerEnds(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	settings := map[string]any{
		"host": "127.0.0.1", "port": silent.Addr().(*net.TCPAddr).Port, "user": "u", "password": "hunter",
		"dbname": "d", "connect_timeout": 1,
	}
	o := warehouse.Options{
		Target: warehouse.Target{Type: "postgres", Settings: settings}, Table: warehouse.Table{Name: "log"},
		Access: warehouse.Read,
	}

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := open(t, o).Prepare(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("error %v, context %v; want the profile's connect_timeout to end it", err, ctx.Err())
	}
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := open(t, o).Prepare(ctx); err == nil || ctx.Err() == nil {
		t.Errorf("error %v, context %v; want the context to end it", err, ctx.Err())
	}
}

func TestSettingsAreCheckedBeforeAnyConnection(t *testing.T) {
	t.Parallel()
	pg := map[string]any{"host": "h", "user": "u", "password": "hunter", "dbname": "shop"}
	for name, tc := range map[string]struct {
		o    warehouse.Options
		want string
	}{
		"another database": {
			warehouse.Options{
				Target: warehouse.Target{Type: "postgres", Settings: pg},
				Table:  warehouse.Table{Database: "prod", Schema: "s", Name: "log"},
			},
			`audit-table: "prod" is not the database of the connection`,
		},
		"a run table whose name is too long": {
			warehouse.Options{
				Target: warehouse.Target{Type: "postgres", Settings: pg},
				Table:  warehouse.Table{Schema: "s", Name: strings.Repeat("x", 60)},
			},
			`_run", is longer than PostgreSQL's 63 bytes; use a shorter name`,
		},
		"writing without a schema": {
			warehouse.Options{Target: warehouse.Target{Type: "postgres", Settings: pg}, Table: warehouse.Table{Name: "log"}},
			"no schema is named",
		},
		"DuckDB in memory": {
			warehouse.Options{
				Target: warehouse.Target{Type: "duckdb"}, Table: warehouse.Table{Schema: "s", Name: "log"},
				Operator: failing{},
			},
			"in memory is gone when dbt ends",
		},
		"no driver and no dbt": {
			warehouse.Options{Target: warehouse.Target{Type: "oracle"}, Table: warehouse.Table{Schema: "s", Name: "log"}},
			`profile type "oracle" can only be reached through dbt`,
		},
	} {
		if _, err := warehouse.Open(t.Context(), tc.o); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: error %v; want %q in it", name, err, tc.want)
		}
	}
}
