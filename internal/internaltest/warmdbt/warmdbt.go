// Package warmdbt starts the dbt of each environment of make tools once per test process,
// lets it parse a small project, and forks real dbt from there: imports and dbt's own
// macros take three quarters of a start. After the fork dbt runs its own code in a
// separate process. Stories about the start itself use the environment directly.
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

// started has a function per environment that starts its server, once.
var started sync.Map

// Start returns a directory like that of an environment, whose bin/dbt is forked. The
// first call for a version names the adapters for which it is prepared; none: all.
func Start(t testing.TB, version string, adapters ...string) string {
	t.Helper()
	environment := Environment(t, version)
	if len(adapters) == 0 {
		adapters = []string{"postgres", "duckdb", "snowflake", "mysql"}
	}
	once, _ := started.LoadOrStore(environment, sync.OnceValues(func() (string, error) {
		return start(environment, adapters)
	}))
	dir, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("start dbt %s: %v", version, err)
	}
	return dir
}

func start(environment string, adapters []string) (string, error) {
	s, err := server.New("tally-dbt-")
	if err != nil {
		return "", err
	}
	if err := lay(s.Dir, environment); err != nil {
		return "", err
	}
	socket := filepath.Join(s.Dir, "socket")
	cmd := exec.Command(filepath.Join(environment, "bin", "python"),
		append([]string{filepath.Join(s.Dir, "server.py"), socket}, adapters...)...)
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
