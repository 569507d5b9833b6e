// Package server runs a server, for example a database, for the lifetime of the test
// process. Its configuration and its readiness check are left to the callers.
package server

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Main runs the tests of a package and then stops the servers that they started:
//
//	func TestMain(m *testing.M) { os.Exit(server.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	mu.Lock()
	defer mu.Unlock()
	for _, s := range all {
		s.stop()
	}
	return code
}

// Parallel makes a package run so many tests at once: more than there are processors, if most
// of them wait.
func Parallel(tests int) {
	if err := flag.Set("test.parallel", strconv.Itoa(tests)); err != nil {
		panic(err)
	}
}

// The servers belong to the test process, because starting one takes seconds.
var (
	mu  sync.Mutex
	all []*Server
)

// Server is a program with its own directory and port.
type Server struct {
	Dir  string // removed when the program ends
	Port int    // was free on 127.0.0.1
	stop func()
}

// New creates the directory, whose name starts with prefix, and finds a free port.
func New(prefix string) (*Server, error) {
	// t.TempDir's path may be too long: a socket's path has at most 107 bytes.
	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return nil, err
	}
	s := &Server{Dir: dir, stop: func() { os.RemoveAll(dir) }}
	mu.Lock()
	all = append(all, s)
	mu.Unlock()
	s.Port, err = freePort()
	return s, err
}

// Start runs the program. It uses the path, arguments, environment and user of cmd. The
// output is written to the file "log" in the directory. When Main ends or the test
// process dies, the program receives the signal, for example "INT", and the directory is
// removed.
func (s *Server) Start(cmd *exec.Cmd, signal string) error {
	log, err := os.Create(s.log())
	if err != nil {
		return err
	}
	defer log.Close()
	// The shell's standard input stays open as long as the test process lives.
	const guard = `dir=$1 signal=$2; shift 2; "$@" </dev/null & cat >/dev/null; kill -"$signal" $!; wait $!; rm -rf "$dir"`
	sh := exec.Command("/bin/sh", append([]string{"-c", guard, "sh", s.Dir, signal}, cmd.Args...)...)
	sh.Dir, sh.Env, sh.SysProcAttr = "/", cmd.Env, cmd.SysProcAttr
	ownGroup(sh) // a Ctrl-C in the terminal must not end the guard
	sh.Stdout, sh.Stderr = log, log
	alive, err := sh.StdinPipe()
	if err != nil {
		return err
	}
	if err := sh.Start(); err != nil {
		return err
	}
	before := s.stop // of the program before a restart, whose guard would remove the directory
	s.stop = func() { end(alive, sh); before() }
	return nil
}

func end(alive io.Closer, sh *exec.Cmd) {
	alive.Close()
	_ = sh.Wait() // its error is the signal that it was sent
}

// Await retries connect until it succeeds, for at most five minutes, because the machine
// may be busy.
func (s *Server) Await(connect func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	for {
		err := connect(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(s.log())
			return fmt.Errorf("%w\n%s", err, log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *Server) log() string { return filepath.Join(s.Dir, "log") }

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
