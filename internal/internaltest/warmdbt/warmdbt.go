// Package warmdbt imports the dbt environments of make tools once per test process, and
// forks real dbt from there, because imports take two thirds of a start. After the fork
// dbt runs its own code in a separate process. Stories about the start itself use the
// environment directly.
package warmdbt

import (
	"context"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

//go:embed server.py
var serverProgram []byte

//go:embed client.py
var clientProgram []byte

// Environment returns the directory of an environment of make tools: 1.11, 1.7-mysql. It
// skips the test if the environment does not exist.
func Environment(t testing.TB, version string) string {
	t.Helper()
	dir := filepath.Join(server.Cache(), "dbt-"+version)
	if _, err := os.Stat(filepath.Join(dir, "bin", "dbt")); err != nil {
		t.Skipf("no dbt %s at %s: run make tools", version, dir)
	}
	return dir
}

// The servers of the test process, by version.
var (
	mu      sync.Mutex
	started = map[string]string{}
)

// Start returns a directory like that of an environment, whose bin/dbt is forked.
func Start(t testing.TB, version string) string {
	t.Helper()
	environment := Environment(t, version)
	mu.Lock()
	defer mu.Unlock()
	if dir := started[version]; dir != "" {
		return dir
	}
	dir, err := start(environment)
	if err != nil {
		t.Fatalf("start dbt %s: %v", version, err)
	}
	started[version] = dir
	return dir
}

func start(environment string) (string, error) {
	s, err := server.New("tally-dbt-")
	if err != nil {
		return "", err
	}
	if err := lay(s.Dir, environment); err != nil {
		return "", err
	}
	socket := filepath.Join(s.Dir, "socket")
	cmd := exec.Command(filepath.Join(environment, "bin", "python"), filepath.Join(s.Dir, "server.py"), socket,
		"postgres", "duckdb", "snowflake", "mysql")
	if err := s.Start(cmd, "TERM"); err != nil {
		return "", err
	}
	return s.Dir, s.Await(func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// lay makes dir look like the environment, except for its dbt.
func lay(dir, environment string) error {
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o755); err != nil {
		return err
	}
	for _, name := range []string{"lib", "pyvenv.cfg", "bin/python"} {
		if err := os.Symlink(filepath.Join(environment, name), filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	client := fmt.Appendf(nil, "#!%s\n%s", filepath.Join(environment, "bin", "python"), clientProgram)
	if err := os.WriteFile(filepath.Join(dir, "bin", "dbt"), client, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "server.py"), serverProgram, 0o644)
}
