// Package pgbouncer starts a real PgBouncer in front of a test database, in its strictest
// configuration: a connection is assigned per transaction, and startup parameters that a
// pooler cannot restore are refused.
package pgbouncer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// errNoPooler is the reason for skipping tests.
var errNoPooler = errors.New("no pgbouncer on PATH or in /usr/sbin: run make tools")

// configuration assigns the connections in turn, so that no client keeps one.
const configuration = `
[databases]
* = host=%s port=%d

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
default_pool_size = 2
server_round_robin = 1
`

// Before starts a pooler and returns the database behind it, reachable only by TCP. It
// skips the test if PgBouncer is not installed.
func Before(t testing.TB, db postgres.Database) postgres.Database {
	t.Helper()
	port, err := start(db)
	if errors.Is(err, errNoPooler) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("start PgBouncer: %v", err)
	}
	db.Port, db.SocketDir, db.CA = port, "", ""
	return db
}

func start(db postgres.Database) (port int, err error) {
	program, err := find()
	if err != nil {
		return 0, err
	}
	s, err := server.New("tally-bouncer-")
	if err != nil {
		return 0, err
	}
	settings, users := filepath.Join(s.Dir, "pgbouncer.ini"), filepath.Join(s.Dir, "users")
	err = errors.Join(
		os.WriteFile(settings, fmt.Appendf(nil, configuration, db.Host, db.Port, s.Port, users), 0o644),
		os.WriteFile(users, fmt.Appendf(nil, "%s %s\n", quote(db.User), quote(db.Password)), 0o644),
		os.Chmod(s.Dir, 0o755), // an unprivileged user reads the files
	)
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(program, settings)
	if os.Getuid() == 0 { // PgBouncer refuses to run as root
		cmd.Args = append(cmd.Args, "-u", "nobody")
	}
	if err := s.Start(cmd, "INT"); err != nil {
		return 0, err
	}
	return s.Port, s.Await(func(ctx context.Context) error {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port)))
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// find also looks in the directory for root's programs, where Debian installs the pooler.
func find() (string, error) {
	for _, name := range []string{"pgbouncer", "/usr/sbin/pgbouncer"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoPooler
}

func quote(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
