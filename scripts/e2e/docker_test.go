//go:build e2e

package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

const image = "dbt-tally:e2e"

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func repositoryRoot(t testing.TB) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// run runs a command that must succeed and returns its output.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// gateway returns the address of this machine for containers.
func gateway(t testing.TB) string {
	t.Helper()
	bridge, err := net.InterfaceByName("docker0")
	if err != nil {
		t.Fatalf("docker0: %v", err)
	}
	addresses, err := bridge.Addrs()
	if err != nil || len(addresses) == 0 {
		t.Fatalf("docker0: addresses %v, %v", addresses, err)
	}
	address, _, err := net.ParseCIDR(addresses[0].String())
	if err != nil {
		t.Fatal(err)
	}
	return address.String()
}

// A shop is a dbt project in a workspace that does not belong to root, and its
// PostgreSQL.
type shop struct {
	t         testing.TB
	workspace string
	database  string // the container
	host      string
}

// owner returns the workspace's owner: this user, unless that is root.
func owner() string {
	if os.Getuid() == 0 {
		return "4321"
	}
	return strconv.Itoa(os.Getuid())
}

func newShop(t testing.TB) shop {
	t.Helper()
	s := shop{t: t, workspace: t.TempDir()}
	run(t, "cp", "-R", filepath.Join(repositoryRoot(t), "testdata/project")+"/.", s.workspace)
	s.database = run(t, "docker", "run", "--detach", "--rm", "--env", "POSTGRES_PASSWORD=shop", "postgres:15")
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", s.database).Run() })
	s.host = run(t, "docker", "inspect", s.database, "--format", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
	eventually(t, "PostgreSQL answers", func() bool { return s.psql("select 1") == "1" })
	return s
}

// psql queries the database. It returns "" while the database does not answer.
func (s shop) psql(query string) string {
	out, _ := exec.CommandContext(s.t.Context(), "docker", "exec", "--env", "PGPASSWORD=shop", s.database,
		"psql", "--host", "127.0.0.1", "--username", "postgres", "--tuples-only", "--no-align", "--command", query).Output()
	return strings.TrimSpace(string(out))
}

// slowModel is a model whose query takes 5 minutes.
const slowModel = "{{ config(materialized='table') }} select pg_sleep(300)::text as nothing from {{ ref('orders') }}\n"

// slowQueries returns how many queries of slowModel PostgreSQL runs.
func (s shop) slowQueries() string {
	return s.psql("select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(300)%' and pid <> pg_backend_pid()")
}

func (s shop) write(name, text string) {
	s.t.Helper()
	write(s.t, filepath.Join(s.workspace, name), text)
}

func (s shop) read(name string) string {
	s.t.Helper()
	return read(s.t, filepath.Join(s.workspace, name))
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// isTheOwners fails the test if a file in the workspace belongs to another user.
func (s shop) isTheOwners() {
	s.t.Helper()
	if left := run(s.t, "find", s.workspace, "!", "-user", owner()); left != "" {
		s.t.Errorf("files of another owner:\n%s", left)
	}
}

// docker returns the arguments of docker run for the image in the workspace, after
// changing the workspace's owner.
func (s shop) docker(extra ...string) []string {
	s.t.Helper()
	run(s.t, "chown", "-R", owner(), s.workspace)
	args := []string{
		"run", "--volume", s.workspace + ":/workspace", "--workdir", "/workspace",
		"--env", "PGHOST=" + s.host, "--env", "PGPORT=5432", "--env", "PGUSER=postgres", "--env", "PGPASSWORD=shop", "--env", "PGDATABASE=postgres",
	}
	return append(args, extra...)
}

const patience = 3 * time.Minute // on a machine that has other work

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still waiting after %s: %s", patience, what)
		}
	}
}
