package postgres

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
	"syscall"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/certificates"
)

// superuserPassword has what breaks naive connection strings.
const superuserPassword = `p&ss w'ö"rd\%40 @:/?#`

type server struct {
	admin Database
	dir   string
	stdin io.Closer     // the server lives as long as this is open
	done  chan struct{} // closed when it has ended
}

// start initialises a cluster in a temporary directory and serves it. Both go when
// the server's standard input is closed, so also when the test process dies.
func start() (_ *server, err error) {
	bin, err := findBinaries()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir: a socket's path may have 107 bytes at most.
	dir, err := os.MkdirTemp("", "tally-pg-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, done: make(chan struct{})}
	defer func() {
		if err != nil {
			s.stop()
		}
	}()
	who, err := serverUser()
	if err != nil {
		return nil, err
	}
	data, err := s.initdb(bin, who)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s.admin = Database{
		Host: "127.0.0.1", SocketDir: dir, Port: port, Name: "postgres", User: "postgres",
		Password: superuserPassword, CA: filepath.Join(dir, "ca.crt"),
	}
	if err := s.serve(bin, who, data); err != nil {
		return nil, err
	}
	return s, s.await()
}

func (s *server) initdb(bin string, who *syscall.Credential) (data string, err error) {
	data = filepath.Join(s.dir, "data")
	passwords := filepath.Join(s.dir, "password")
	if err := os.WriteFile(passwords, []byte(superuserPassword), 0o600); err != nil {
		return "", err
	}
	if err := certificates.Write(s.dir); err != nil {
		return "", err
	}
	if who != nil {
		for _, name := range []string{"", "password", "server.key", "server.crt"} {
			if err := os.Chown(filepath.Join(s.dir, name), int(who.Uid), int(who.Gid)); err != nil {
				return "", err
			}
		}
	}
	if err := os.Chmod(s.dir, 0o755); err != nil { // the CA is read by the tests' own user
		return "", err
	}
	cmd := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "--pwfile", passwords,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: who}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return data, nil
}

func (s *server) serve(bin string, who *syscall.Credential, data string) error {
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", "-c", `dir=$1; shift; "$@" </dev/null & cat >/dev/null; kill -INT $!; wait $!; rm -rf "$dir"`, "sh",
		s.dir, filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(s.admin.Port), "-k", s.dir,
		"-c", "listen_addresses=localhost", "-c", "max_connections=200",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "ssl=on", "-c", "ssl_cert_file="+filepath.Join(s.dir, "server.crt"), "-c", "ssl_key_file="+filepath.Join(s.dir, "server.key"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
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
		conn, err := s.admin.dial(ctx)
		if err == nil {
			return conn.Close(ctx)
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

// serverUser is whom to run the server as: nil for the user of the tests, and
// somebody without rights where that is root, as which PostgreSQL refuses to run.
func serverUser() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
