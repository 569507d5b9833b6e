//go:build e2e

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRequirementsAreInstalledFromTheRegistry runs a dbt that the image does not contain,
// twice: the second time from uv's cache.
func TestRequirementsAreInstalledFromTheRegistry(t *testing.T) {
	s := newShop(t)
	home := t.TempDir()
	run(t, "chown", owner(), home)
	var took []float64
	for range 2 {
		out := run(t, "docker", s.docker("--rm", "--volume", home+":/github/home", "--env",
			"HOME=/github/home", "--env", "GITHUB_ACTIONS=true",
			image, "--requirements", "dbt-core==1.10.*\ndbt-postgres", "build")...)
		if !strings.Contains(out, "Running with dbt=1.10.") {
			t.Fatalf("not dbt 1.10:\n%s", out)
		}
		var report struct {
			Seconds float64 `json:"requirements_seconds"`
		}
		if err := json.Unmarshal([]byte(s.read("target/dbt-tally/report.json")), &report); err != nil {
			t.Fatal(err)
		}
		took = append(took, report.Seconds)
	}
	t.Logf("installed in %.1f s, then from the cache in %.1f s", took[0], took[1])
	if took[0] <= 0 || took[1] > took[0] {
		t.Errorf("%v s; want the second from the cache", took)
	}
	if left := run(t, "find", home, "!", "-user", owner()); left != "" {
		t.Errorf("files of another owner in the home directory:\n%s", left)
	}
	s.isTheOwners()
}

func TestConflictingRequirementsAreReportedInUVsWords(t *testing.T) {
	s := newShop(t)
	args := s.docker("--rm", image, "--requirements", "dbt-postgres\ndbt-core==1.7.20\ndbt-adapters>=1.10", "build")
	out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
	if err == nil {
		t.Fatalf("no conflict:\n%s", out)
	}
	for _, want := range []string{"unsatisfiable", "line 2 (dbt-core==1.7.20)"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output does not contain %q:\n%s", want, out)
		}
	}
}

// SSL_CERT_FILE configures a company's certificate authority for uv. A file without any
// valid authority shows that uv uses it.
func TestUVUsesTheConfiguredAuthority(t *testing.T) {
	s := newShop(t)
	if err := os.WriteFile(filepath.Join(s.workspace, "nobody.pem"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	args := s.docker("--rm", "--env", "SSL_CERT_FILE=/workspace/nobody.pem", image, "--requirements",
		"dbt-core==1.10.*\ndbt-postgres", "build")
	out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "certificate") {
		t.Errorf("%v; want an error about certificates:\n%s", err, out)
	}
}
