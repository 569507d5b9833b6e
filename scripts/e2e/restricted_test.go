//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRestrictedContainersRunTheShop builds the example shop on DuckDB under the
// restrictions that companies put on containers.
func TestRestrictedContainersRunTheShop(t *testing.T) {
	for name, options := range map[string][]string{
		"no network":          {"--network", "none"},
		"another user":        {"--network", "none", "--user", owner()},
		"a read-only system":  {"--network", "none", "--read-only", "--tmpfs", "/tmp"},
		"without /tmp":        {"--network", "none", "--read-only"},
		"without any rights":  {"--network", "none", "--user", owner(), "--cap-drop", "ALL", "--security-opt", "no-new-privileges"},
		"a shell in the way":  {"--network", "none", "--entrypoint", "sh"},
		"a group of its user": {"--network", "none", "--user", owner() + ":" + owner()},
	} {
		t.Run(name, func(t *testing.T) {
			workspace := t.TempDir()
			run(t, "cp", "-R", filepath.Join(repositoryRoot(t), "examples/shop")+"/.", workspace)
			run(t, "chown", "-R", owner(), workspace)
			args := append([]string{
				"run", "--rm", "--volume", workspace + ":/workspace", "--workdir", "/workspace",
				"--env", "SHOP_DATABASE=/workspace/shop.duckdb",
			}, options...)
			command := []string{image, "build"}
			if name == "a shell in the way" {
				command = []string{image, "-c", "dbt-tally build; exit $?"}
			}
			args = append(args, command...)
			out := run(t, "docker", args...)
			var report struct{ Status string }
			text, err := os.ReadFile(filepath.Join(workspace, "target/dbt-tally/report.json"))
			if err == nil {
				err = json.Unmarshal(text, &report)
			}
			if err != nil || report.Status != "success" || !strings.Contains(out, "dim_customers") {
				t.Errorf("status %q, %v; want success\n%s", report.Status, err, out)
			}
			if left := run(t, "find", workspace, "!", "-user", owner()); left != "" {
				t.Errorf("not the owner's:\n%s", left)
			}
		})
	}
}

// TestASecondSignalKillsDBT stops a container twice, as a person does who will not wait.
func TestASecondSignalKillsDBT(t *testing.T) {
	s := newShop(t)
	s.write("models/slow.sql", slowModel)
	container := run(t, "docker", s.docker("--detach", "--env", "PYTHONUNBUFFERED=1", image, "build")...)
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", container).Run() })
	eventually(t, "PostgreSQL runs the slow query", func() bool {
		return s.slowQueries() == "1"
	})
	asked := time.Now()
	run(t, "docker", "kill", "--signal", "INT", container)
	run(t, "docker", "kill", "--signal", "INT", container)
	run(t, "docker", "wait", container)
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("ended after %v; want 5 s at most", took)
	}
	if out := run(t, "docker", "logs", container); !strings.Contains(out, "dbt-tally") {
		t.Errorf("no last words:\n%s", out)
	}
	s.isTheOwners()
}
