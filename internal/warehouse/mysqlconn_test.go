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

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func TestEveryWayToConnectToMySQL(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		db := mysql.New(t, flavour)
		for name, tc := range map[string]struct {
			change  map[string]any
			require string // what the server requires of the connection
		}{
			"mysql":  {map[string]any{"type": "mysql"}, "none"},
			"mysql5": {map[string]any{"type": "mysql5"}, "none"},
			"port as text": {
				map[string]any{"port": fmt.Sprint(db.Port), "connect_timeout": "5", "ssl_disabled": "true"}, "none",
			},
			"user, host and password": {
				map[string]any{"username": nil, "user": db.User, "server": nil, "host": db.Host}, "none",
			},
			"UID and PWD": {
				map[string]any{"username": nil, "UID": db.User, "password": nil, "PWD": db.Password}, "none",
			},
			"unix socket":          {map[string]any{"server": nil, "unix_socket": db.Socket, "port": nil}, "none"},
			"no host":              {map[string]any{"server": nil}, "none"},
			"TLS by default":       {map[string]any{"ssl_disabled": nil}, "ssl"},
			"authority by address": {map[string]any{"ssl_disabled": nil, "ssl_ca": db.CA}, "ssl"},
			"identity by name": {
				map[string]any{"ssl_disabled": false, "ssl_ca": db.CA, "ssl_verify_identity": true, "server": "localhost"},
				"ssl",
			},
			"relative path of the certificate": {
				map[string]any{"ssl_disabled": nil, "ssl_ca": filepath.Base(db.CA), "ssl_verify_cert": true}, "ssl",
			},
			"client certificate": {map[string]any{
				"ssl_disabled": nil, "ssl_ca": db.CA,
				"ssl_cert": filepath.Join(
					filepath.Dir(db.CA), "server.crt",
				), "ssl_key": filepath.Join(filepath.Dir(db.CA), "server.key"),
			}, "x509"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				user := mysql.New(t, flavour).As(t, "caller")
				db.Exec(t, "alter user '"+user.User+"'@'%' require "+tc.require)
				o := mysqlOptions(user, warehouse.Table{Schema: "nowhere", Name: "log"}, warehouse.Read)
				o.Target.Dir = filepath.Dir(db.CA)
				maps.Copy(o.Target.Settings, tc.change)
				for _, name := range []string{"username", "user", "UID"} {
					if o.Target.Settings[name] != nil {
						o.Target.Settings[name] = user.User
					}
				}
				for _, name := range []string{"password", "PWD"} {
					if o.Target.Settings[name] != nil {
						o.Target.Settings[name] = user.Password
					}
				}
				if _, err := open(t, o).Prepare(t.Context()); !errors.Is(err, warehouse.ErrNoTable) {
					t.Errorf("error %v; want ErrNoTable", err)
				}
			})
		}
	})
}

func TestTheErrorOfARefusedMySQLConnectionHasTheReasonAndNoSecret(t *testing.T) {
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		db := mysql.New(t, flavour)
		refusedConnections(t, func() warehouse.Options {
			return mysqlOptions(db, warehouse.Table{Schema: "audit", Name: "log"}, warehouse.Read)
		}, map[string]refusedConnection{
			"wrong password": {
				map[string]any{"password": `hunter'2\`},
				"connect to mysql at 127.0.0.1:" + fmt.Sprint(db.Port) + ": Error 1045 (28000): Access denied for user",
			},
			"wrong password, with the fix": {map[string]any{"password": "hunter"}, "; set username and password in the profile"},
			"no host": {
				map[string]any{"server": "no-such.invalid", "port": 1}, "there is no host \"no-such.invalid\"; correct the host",
			},
			"another program": {map[string]any{"port": closing(t)}, ": the server closed the connection; correct the port"},
			"password equal to the user": {
				map[string]any{"username": "hunter2", "password": "hunter2"}, "Access denied for user '***'",
			},
			"no server": {map[string]any{"port": 1}, "connect to mysql at 127.0.0.1:1: connection refused; start"},
			"no socket": {
				map[string]any{"server": nil, "unix_socket": "/no/socket"}, "connect to mysql at /no/socket: there is no such socket; ",
			},
			"unknown authority": {map[string]any{"ssl_disabled": nil, "ssl_verify_cert": true}, "set ssl_ca to the file"},
			"wrong authority": {
				map[string]any{"ssl_disabled": nil, "ssl_verify_identity": true, "server": "localhost"},
				"set ssl_ca to the file",
			},
			"certificate of another host": {
				map[string]any{"ssl_disabled": nil, "ssl_ca": db.CA, "ssl_verify_identity": true},
				"use the host that the certificate names, or unset ssl_verify_identity",
			},
			"missing file of the authority": {map[string]any{"ssl_disabled": nil, "ssl_ca": "/no/ca.crt"}, "ssl_ca: open /no/ca.crt"},
			"file without a certificate": {
				map[string]any{"ssl_disabled": nil, "ssl_ca": filepath.Join(filepath.Dir(db.CA), "log")},
				"ssl_ca: there is no certificate in ",
			},
			"certificate without key": {
				map[string]any{"ssl_disabled": nil, "ssl_ca": db.CA, "ssl_cert": db.CA}, "ssl_cert and ssl_key: ",
			},
			"unknown flag": {
				map[string]any{"ssl_disabled": "of course"},
				`ssl_disabled: unknown value "of course"; expected true or false`,
			},
			"bad timeout": {
				map[string]any{"connect_timeout": "soon"}, `connect_timeout: "soon" is not a number of seconds`,
			},
			"bad port": {map[string]any{"port": "many"}, `port: "many" is not a port`},
		})
	})
}

func TestConnectingToASilentMySQLEnds(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	settings := map[string]any{
		"server": "127.0.0.1", "port": silent.Addr().(*net.TCPAddr).Port, "username": "u", "password": "hunter2",
		"schema": "d", "connect_timeout": 1,
	}
	o := warehouse.Options{
		Target: warehouse.Target{Type: "mysql", Settings: settings}, Table: warehouse.Table{Name: "log"},
		Access: warehouse.Read,
	}

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = open(t, o).Prepare(ctx)
	if err == nil || ctx.Err() != nil {
		t.Errorf("error %v, context %v; want the profile's connect_timeout to end it", err, ctx.Err())
	}
	if strings.Contains(fmt.Sprint(err), "hunter2") {
		t.Errorf("the password is in the error %v", err)
	}
}

func TestADatabaseBesideTheSchemaIsRefused(t *testing.T) {
	t.Parallel()
	settings := map[string]any{"schema": "shop"}
	o := warehouse.Options{
		Target: warehouse.Target{Type: "mysql", Settings: settings},
		Table:  warehouse.Table{Database: "audit", Schema: "log", Name: "log"},
	}
	if _, err := warehouse.Open(t.Context(), o); err == nil ||
		!strings.Contains(err.Error(), `audit-table: "audit" is not the schema's name`) {
		t.Errorf("error %v; want one with the name", err)
	}
	o.Table.Database = "log"
	open(t, o)
}
