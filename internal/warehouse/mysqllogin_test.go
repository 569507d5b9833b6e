package warehouse_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/certificates"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// The password of the login changes while dbt runs, as it does when an IAM token expires.
func TestAMySQLPasswordThatChangesWhileDBTRuns(t *testing.T) {
	const token = "db.rds.amazonaws.com:3306/?Action=connect&DBUser=ci&X-Amz-Expires=900&X-Amz-Signature=hunter"
	onEachMySQL(t, func(t *testing.T, flavour mysql.Flavour) {
		for name, tc := range map[string]struct {
			dropped bool // the connection was lost while dbt ran
			now     string
			want    string // "", or part of the error
		}{
			"an open connection is used":        {false, token, ""},
			"a new login uses the new password": {true, "renewed", ""},
			"the error explains the token":      {true, token, "generate one immediately before"},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				db := mysql.New(t, flavour)
				guest := db.As(t, "guest")
				user := "'" + guest.User + "'@'%'"
				db.Exec(t, "grant all on "+db.Name+".* to "+user, "alter user "+user+" identified by '"+token+"'")
				guest.Password = token
				o := mysqlOptions(guest, warehouse.Table{Schema: db.Name, Name: "log"}, warehouse.Write)
				o.Renew = func() warehouse.Target { return mysqlOptions(guest, o.Table, o.Access).Target }
				store := open(t, o)
				prepare(t, store)

				db.Exec(t, "alter user "+user+" identified by 'renewed'")
				if tc.dropped {
					connection := db.Query(t, "select id from information_schema.processlist where user = '"+guest.User+"'")
					db.Exec(t, "kill "+connection[0][0])
				}
				guest.Password = tc.now
				_, err := store.Collect(t.Context(), warehouse.CollectRequest{Invocations: []string{"run"}})
				if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("error %v; want %q", err, tc.want)
				}
				if strings.Contains(fmt.Sprint(err), "hunter") {
					t.Errorf("the token is in the error %v", err)
				}
			})
		}
	})
}

// The server asks for the token in clear text, as AWS's authentication plugin does.
func TestATokenIsSentOnlyToAVerifiedMySQL(t *testing.T) {
	t.Parallel()
	const token = "db.rds.amazonaws.com:3306/?Action=connect&X-Amz-Signature=hunter"
	dir := t.TempDir()
	if err := certificates.Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		settings map[string]any
		wantSent string
		want     string // part of the error; the server closes the connection after the login
	}{
		"with the authority": {map[string]any{"ssl_ca": "ca.crt", "ssl_verify_identity": true}, token + "\x00", "the server closed the connection"},
		"an unknown server":  {nil, "", "set ssl_ca: without it the password might go to another server"},
		"no TLS": {
			map[string]any{"ssl_disabled": true},
			"",
			"set ssl_ca: without it the password might go to another server",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port, sent := serveIAM(t, dir)
			settings := map[string]any{
				"server": "localhost", "port": port, "username": "ci", "password": token, "schema": "shop",
			}
			maps.Copy(settings, tc.settings)
			store := open(t, warehouse.Options{
				Target: warehouse.Target{Type: "mysql", Settings: settings, Dir: dir},
				Table:  warehouse.Table{Name: "log"}, Access: warehouse.Read,
			})
			if _, err := store.Prepare(t.Context()); err == nil || !strings.Contains(err.Error(), tc.want) ||
				strings.Contains(err.Error(), "hunter") {
				t.Errorf("error %v; want %q in it, and no token", err, tc.want)
			}
			if got := <-sent; got != tc.wantSent {
				t.Errorf("the server got %q; want %q", got, tc.wantSent)
			}
		})
	}
}

// serveIAM accepts one login as a MySQL with the certificate of a directory. It asks for
// a password in clear text and sends what it received to the channel.
func serveIAM(t *testing.T, dir string) (port int, sent <-chan string) {
	t.Helper()
	certificate, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan string, 1)
	t.Cleanup(func() { listener.Close() })
	go func() {
		defer close(got)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		// https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html
		const salt, flags, more = "12345678\x00", "\x00\x8a\x2d\x02\x00",
			"\x08\x00\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
		send(conn, 0, "\x0a8.0.36\x00\x01\x00\x00\x00"+salt+flags+more+"123456789012\x00mysql_native_password\x00")
		number, answer := receive(conn)
		if len(answer) == 32 { // asks for TLS
			conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate}})
			number, _ = receive(conn)
		}
		send(conn, number+1, "\xfemysql_clear_password\x00")
		if number, answer = receive(conn); answer != "" {
			got <- answer
			send(conn, number+1, "\x00\x00\x00\x02\x00\x00\x00")
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port, got
}

func send(conn net.Conn, number byte, body string) {
	_, _ = conn.Write(append([]byte{byte(len(body)), 0, 0, number}, body...)) // the next read fails if lost
}

// receive returns "" as the body if the connection ended.
func receive(conn net.Conn) (number byte, body string) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		return 0, ""
	}
	packet := make([]byte, int(head[0])|int(head[1])<<8)
	if _, err := io.ReadFull(conn, packet); err != nil {
		return 0, ""
	}
	return head[3], string(packet)
}
