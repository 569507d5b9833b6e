package postgres

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// Cluster is a server of its own, which a test may restart.
type Cluster struct {
	Database
	server  *server.Server
	who     *server.User
	command []string
}

// NewCluster starts another server. It skips the test if the machine has no PostgreSQL and
// none can be downloaded.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	c, err := newCluster()
	if err == nil {
		err = c.serve()
	}
	if errors.Is(err, errNoBinaries) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	return c
}

// Restart ends the server and starts it again: in order, or as after a crash. Then it writes
// a checkpoint first, because the server does not wait for its log to reach the disk.
func (c *Cluster) Restart(t testing.TB, crash bool) {
	t.Helper()
	c.Exec(t, "checkpoint")
	lock := filepath.Join(c.server.Dir, "data", "postmaster.pid")
	text, err := os.ReadFile(lock)
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(text), "\n")
	pid, err := strconv.Atoi(first)
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	end := os.Interrupt
	if crash {
		end = os.Kill
	}
	if err := process.Signal(end); err != nil {
		t.Fatal(err)
	}
	for c.lives(t, lock, crash) {
		time.Sleep(20 * time.Millisecond)
	}
	if err := c.start(); err != nil {
		t.Fatal(err)
	}
	if err := c.server.Await(func(ctx context.Context) error {
		conn, err := c.dial(ctx)
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}); err != nil {
		t.Fatal(err)
	}
}

// lives reports whether the server has not ended yet. One that was killed leaves its lock,
// and processes that end a moment later.
func (c *Cluster) lives(t testing.TB, lock string, crash bool) bool {
	if !crash {
		_, err := os.Stat(lock)
		return err == nil
	}
	if conn, err := c.dial(t.Context()); err == nil {
		_ = conn.Close(t.Context())
		return true
	}
	time.Sleep(time.Second)
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	return false
}

func (c *Cluster) start() error {
	cmd := exec.Command(c.command[0], c.command[1:]...)
	c.who.Run(cmd)
	return c.server.Start(cmd, "INT")
}
