//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/emulate"
)

// TestActionInAWorkflow runs .github/workflows/e2e.yml, which checks everything that a
// workflow can see, and then checks what GitHub received.
func TestActionInAWorkflow(t *testing.T) {
	root := repositoryRoot(t)
	github := emulate.Start(t)
	checkout := checkout(t, root)
	for _, c := range []struct {
		event    string
		payload  map[string]any
		comments int
	}{
		{"schedule", map[string]any{"schedule": "17 3 * * *"}, 0},
		{"pull_request", github.Event(), 1},
	} {
		t.Run(c.event, func(t *testing.T) {
			job := act(t, checkout, github, c.event, c.payload, "--workflows", ".github/workflows/e2e.yml",
				"--matrix", "database:mariadb:10.11")
			if summary := job.summary("Build"); !strings.Contains(summary, "`orders_log`") {
				t.Errorf("the summary does not name the model orders_log: %q", summary)
			}
			comments := github.Comments(t)
			if len(comments) != c.comments {
				t.Fatalf("%d comments; want %d: %q", len(comments), c.comments, comments)
			}
			for _, comment := range comments {
				if !strings.Contains(comment, "`orders_log`") {
					t.Errorf("the comment does not name the model orders_log: %s", comment)
				}
			}
		})
	}
}

// A job is a runner's log of a job, one message per line.
type job []struct {
	Step, Command, Content, Msg string
}

func (j job) summary(step string) string {
	for _, line := range j {
		if line.Step == step && line.Command == "summary" {
			return line.Content
		}
	}
	return ""
}

// act runs the checkout's workflows for an event, with further arguments of act; they must
// succeed.
func act(t *testing.T, checkout string, github *emulate.GitHub, event string, payload map[string]any, args ...string) job {
	t.Helper()
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	api := fmt.Sprintf("http://%s:%d", gateway(t), github.Port)
	args = append([]string{
		event, "--eventpath", path, "--json", "--rm", "--pull=false", "--action-offline-mode",
		"--platform", "ubuntu-latest=debian:bookworm-slim",
		"--env", "GITHUB_REPOSITORY=" + emulate.Repository, "--secret", "GITHUB_TOKEN=" + emulate.JobToken,
		"--env", "GITHUB_API_URL=" + api, "--env", "GITHUB_GRAPHQL_URL=" + api + "/graphql",
	}, args...)
	cmd := exec.CommandContext(t.Context(), filepath.Join(repositoryRoot(t), ".cache/act/act"), args...)
	cmd.Dir = checkout
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	ended := cmd.Run()
	var j job
	lines := bufio.NewScanner(&out)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var line struct{ Step, Command, Content, Msg string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			line.Msg = lines.Text()
		}
		j = append(j, line)
	}
	if ended != nil {
		for _, line := range j {
			t.Logf("%s: %s", line.Step, line.Msg)
		}
		t.Fatalf("act %s: %v", event, ended)
	}
	return j
}

// checkout copies the files that git tracks, with local changes, to a new repository.
func checkout(t *testing.T, root string) string {
	t.Helper()
	dir := t.TempDir()
	script := `git -C "$1" ls-files -z | tar -C "$1" --null --files-from - --ignore-failed-read -c | tar -C "$2" -x
		cd "$2" && git init -q && git add -A && git -c user.name=e2e -c user.email=e2e commit -q -m e2e`
	run(t, "sh", "-c", script, "sh", root, dir)
	return dir
}
