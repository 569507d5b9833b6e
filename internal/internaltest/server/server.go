// Package server runs a program that serves, a database or another, for as long
// as the test process lives. How it is set up, and what it takes to be ready, is
// left to the packages that want it.
package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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

// The servers are the test process's own: starting one takes seconds.
var (
	mu  sync.Mutex
	all []*Server
)

// Server is a program with a directory and a port of its own.
type Server struct {
	Dir  string // goes with the program
	Port int    // was free on 127.0.0.1
	stop func()
}

// New makes the directory, whose name starts with prefix, and finds the port.
func New(prefix string) (*Server, error) {
	// Not t.TempDir: a socket's path may have 107 bytes at most.
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

// Start runs the program; of cmd, its path, arguments, environment and user count.
// What it prints is in the file "log" of the directory. The program gets the
// signal, such as "INT", and the directory goes when Main ends, and also when the
// test process dies.
func (s *Server) Start(cmd *exec.Cmd, signal string) error {
	log, err := os.Create(s.log())
	if err != nil {
		return err
	}
	defer log.Close()
	// The shell's standard input is open as long as the test process lives.
	const guard = `dir=$1 signal=$2; shift 2; "$@" </dev/null & cat >/dev/null; kill -"$signal" $!; wait $!; rm -rf "$dir"`
	sh := exec.Command("/bin/sh", append([]string{"-c", guard, "sh", s.Dir, signal}, cmd.Args...)...)
	sh.Dir, sh.Env, sh.SysProcAttr = "/", cmd.Env, cmd.SysProcAttr
	ownGroup(sh) // what ends the tests from a terminal must not end the guard
	sh.Stdout, sh.Stderr = log, log
	alive, err := sh.StdinPipe()
	if err != nil {
		return err
	}
	if err := sh.Start(); err != nil {
		return err
	}
	s.stop = func() { end(alive, sh); os.RemoveAll(s.Dir) }
	return nil
}

func end(alive io.Closer, sh *exec.Cmd) {
	alive.Close()
	_ = sh.Wait() // it ends by the signal that it was sent
}

// Await connects again and again until that succeeds, for two minutes: the machine may be
// busy.
func (s *Server) Await(connect func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
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
