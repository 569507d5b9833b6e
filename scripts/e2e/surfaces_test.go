//go:build e2e

package e2e

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/emulate"
)

// TestTheContainerWritesEverySurface runs the container with the environment of GitHub's
// runner: on a pull request, and twice on a schedule.
func TestTheContainerWritesEverySurface(t *testing.T) {
	s, github := newShop(t), emulate.Start(t)
	build := func(job []string, number string, want int, args ...string) {
		t.Helper()
		options := append(job, "--rm", "--env", "GITHUB_RUN_ID="+number, image)
		cmd := exec.CommandContext(t.Context(), "docker", append(s.docker(options...), args...)...)
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want || strings.Contains(string(out), "::warning") {
			t.Errorf("run %s: exit status %d; want %d and no warning\n%s", number, got, want, out)
		}
	}
	build(s.jobOf(github), "100", 3, "--max-rows", "2", "--check", "always", "build")
	if got := github.Comments(t); len(got) != 1 || !strings.Contains(got[0], "`orders`") {
		t.Errorf("comments %q; want one with the model orders", got)
	}
	if got := github.ReviewComments(t); len(got) != 1 || got[0].Path != emulate.AddedFile {
		t.Errorf("review comments %+v; want one at %s", got, emulate.AddedFile)
	}
	if got := github.Checks(t); len(got) != 1 || !strings.HasPrefix(got[0], "dbt-tally: failure, ") {
		t.Errorf("check runs %q; want one that failed", got)
	}

	nightly := map[string]any{"schedule": "17 3 * * *"}
	build(s.jobOn(github, "schedule", nightly), "101", 3, "--max-rows", "2", "--issue", "problems", "build")
	const title = "dbt-tally: gates breached on postgres"
	if got := github.Issues(t); !slices.Equal(got, []string{"open: " + title}) {
		t.Errorf("issues %q; want an open one", got)
	}
	build(s.jobOn(github, "schedule", nightly), "102", 0, "--max-rows", "9", "--issue", "problems", "build")
	if got := github.Issues(t); !slices.Equal(got, []string{"closed: " + title}) {
		t.Errorf("issues %q; want a closed one", got)
	}
	s.isTheOwners()
}
