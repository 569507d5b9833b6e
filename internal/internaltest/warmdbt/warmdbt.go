// Package warmdbt starts the dbt of each environment of make tools once per go command,
// lets it parse a small project, and forks real dbt from there: imports and dbt's own
// macros take five sixths of a start. After the fork dbt runs its own code in a separate
// process. Stories about the start itself use the environment directly.
package warmdbt

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

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

// Start returns a directory like that of an environment, whose bin/dbt is forked.
func Start(t testing.TB, version string) string {
	t.Helper()
	environment := Environment(t, version)
	once, _ := started.LoadOrStore(environment, sync.OnceValues(func() (string, error) { return start(environment) }))
	dir, err := once.(func() (string, error))()
	if err != nil {
		t.Fatalf("start dbt %s: %v", version, err)
	}
	return dir
}

// Python returns a program that runs scripts in an environment. If its dbt has been started,
// that is a fork in which dbt is already imported.
func Python(t testing.TB, version string) string {
	t.Helper()
	environment := Environment(t, version)
	dir := directory(environment, strconv.Itoa(keeper()))
	if answers(t.Context(), filepath.Join(dir, "socket")) == nil {
		return filepath.Join(dir, "bin", "script")
	}
	return filepath.Join(environment, "bin", "python")
}

// temporary is the same for all packages: tests may change it for their other files.
var temporary = os.TempDir()

// directory returns the directory of the server of an environment.
func directory(environment, keeper string) string {
	return filepath.Join(temporary, "tally-"+filepath.Base(environment)+"-"+keeper)
}

// start returns the directory of the server that belongs to the keeper, and starts the
// server unless a test process before this one did.
func start(environment string) (string, error) {
	keeper := strconv.Itoa(keeper())
	dir := directory(environment, keeper)
	socket := filepath.Join(dir, "socket")
	unlock, err := lockedfile.MutexAt(environment + ".lock").Lock() // also held while it is installed
	if err != nil {
		return "", err
	}
	defer unlock()
	if answers(context.Background(), socket) == nil {
		return dir, nil
	}
	// What is there belongs to a server that was killed.
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755), lay(dir, environment)); err != nil {
		return "", err
	}
	macros, err := filepath.Glob(filepath.Join(server.Root(), "internal", "dbt", "macros", "*.sql"))
	if err != nil {
		return "", err
	}
	for _, name := range []string{"installed", "nodes", "operations", "statements"} {
		macros = append(macros, filepath.Join(server.Root(), "internal", "warehouse", name+".sql"))
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return "", err
	}
	defer log.Close()
	cmd := exec.Command(filepath.Join(environment, "bin", "python"),
		append([]string{filepath.Join(dir, "server.py"), keeper}, macros...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "/", log, log
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ctx, ended := context.WithCancel(context.Background())
	go func() {
		_ = cmd.Wait() // the log has the reason
		ended()
	}()
	for {
		err := answers(ctx, socket)
		if err == nil {
			return dir, nil
		}
		if ctx.Err() != nil {
			text, _ := os.ReadFile(log.Name())
			return "", fmt.Errorf("%w\n%s", err, text)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// keeper returns the process with which the server ends: the go command, so that the test
// processes of all packages share one server, or else this process.
func keeper() int {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", os.Getppid()))
	if err == nil && string(name) == "go\n" {
		return os.Getppid()
	}
	return os.Getpid()
}

func answers(ctx context.Context, socket string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket)
	if err != nil {
		return err
	}
	return conn.Close()
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
	for _, name := range []string{"dbt", "script"} {
		if err := os.WriteFile(filepath.Join(dir, "bin", name), client, 0o755); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "server.py"), serverProgram, 0o644)
}
