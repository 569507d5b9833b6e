package mariadb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/certificates"
)

// adminPassword has what breaks naive connection strings.
const adminPassword = `p&ss w'ö"rd%40 @:/?#`

// errNoServer is why tests are skipped.
var errNoServer = errors.New("no mariadbd and mariadb-install-db on PATH or in /usr/sbin: run make tools")

// modes are far from the defaults: quotes that quote names, backslashes that are
// letters, a bar that concatenates, everything strict.
const modes = "ANSI,TRADITIONAL,NO_BACKSLASH_ESCAPES"

type server struct {
	admin Database
	dir   string
	stdin io.Closer     // the server lives as long as this is open
	done  chan struct{} // closed when it has ended
}

// start makes a data directory in a temporary one and serves it. Both go when the
// server's standard input is closed, so also when the test process dies.
func start() (_ *server, err error) {
	install, errInstall := find("mariadb-install-db")
	daemon, errDaemon := find("mariadbd")
	if errInstall != nil || errDaemon != nil {
		return nil, errNoServer
	}
	// Not t.TempDir: a socket's path may have 107 bytes at most.
	dir, err := os.MkdirTemp("", "tally-my-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, done: make(chan struct{})}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s.admin = Database{
		Host: "127.0.0.1", Socket: filepath.Join(dir, "socket"), Port: port, User: "admin",
		Password: adminPassword, CA: filepath.Join(dir, "ca.crt"),
	}
	if err := s.install(install); err != nil {
		return nil, err
	}
	if err := s.serve(daemon); err != nil {
		return nil, err
	}
	return s, s.await()
}

// find looks beside PATH where Debian has what only root is to run.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", name))
}

func (s *server) install(program string) error {
	if err := certificates.Write(s.dir); err != nil {
		return err
	}
	owner, err := user.Current()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, "--no-defaults", "--datadir="+filepath.Join(s.dir, "data"), "--user="+owner.Username,
		"--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", program, err, out)
	}
	init := "set names utf8mb4;\n" +
		"create user " + s.admin.User + "@'%' identified by '" + strings.ReplaceAll(s.admin.Password, "'", "''") + "';\n" +
		"grant all on *.* to " + s.admin.User + "@'%' with grant option;\n"
	return os.WriteFile(filepath.Join(s.dir, "init.sql"), []byte(init), 0o600)
}

func (s *server) serve(program string) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	owner, err := user.Current()
	if err != nil {
		return err
	}
	cmd := exec.Command("/bin/sh", "-c", `dir=$1; shift; "$@" </dev/null & cat >/dev/null; kill -KILL $!; wait $!; rm -rf "$dir"`, "sh",
		s.dir, program, "--no-defaults", "--datadir="+filepath.Join(s.dir, "data"), "--user="+owner.Username,
		"--port="+strconv.Itoa(s.admin.Port), "--socket="+s.admin.Socket, "--bind-address=127.0.0.1",
		"--init-file="+filepath.Join(s.dir, "init.sql"), "--skip-name-resolve", "--max-connections=200",
		"--sql-mode="+modes, "--default-time-zone=+09:00", "--character-set-server=latin1",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--sync-binlog=0",
		"--ssl-cert="+filepath.Join(s.dir, "server.crt"), "--ssl-key="+filepath.Join(s.dir, "server.key"), "--ssl-ca="+s.admin.CA)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.stdin = stdin
	go func() { defer close(s.done); _ = cmd.Wait() }()
	return nil
}

func (s *server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		db, err := s.admin.dial(ctx)
		if err == nil {
			return db.Close()
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("%w\n%s", err, log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *server) stop() {
	if s.stdin != nil {
		s.stdin.Close()
		<-s.done
	}
	os.RemoveAll(s.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
