//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/emulate"
)

// GitHub sends SIGINT and kills after 10 s; docker stop sends SIGTERM and kills after 10
// s. 7 s leave a margin.
func TestAnInterruptEndsTheQueryAndStillReports(t *testing.T) {
	for name, stop := range map[string][]string{
		"docker stop":        {"stop", "--time", "10"},
		"docker kill -s INT": {"kill", "--signal", "INT"},
	} {
		t.Run(name, func(t *testing.T) {
			s, github := newShop(t), emulate.Start(t)
			s.write("models/slow.sql", slowModel)
			container := run(t, "docker", s.docker(append(s.jobOf(github), "--detach", image, "build")...)...)
			t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", container).Run() })
			eventually(t, "PostgreSQL runs the slow query", func() bool { return s.slowQueries() == "1" })

			asked := time.Now()
			run(t, "docker", append(stop, container)...)
			status := run(t, "docker", "wait", container)
			took := time.Since(asked)
			t.Logf("ended after %.1f s", took.Seconds())
			if took > 7*time.Second {
				t.Error("want 7 s at most")
			}
			if got := s.slowQueries(); got != "0" {
				t.Errorf("PostgreSQL still runs %q queries", got)
			}
			if status != "2" {
				t.Errorf("exit status %s; want dbt's 2\n%s", status, run(t, "docker", "logs", container))
			}
			var report struct{ Status string }
			if err := json.Unmarshal([]byte(s.read("target/dbt-tally/report.json")),
				&report); err != nil || report.Status != "incomplete" {
				t.Errorf("status %q, %v; want incomplete", report.Status, err)
			}
			if comments := github.Comments(t); len(comments) != 1 || !strings.Contains(comments[0], "dbt was interrupted") {
				t.Errorf("comments %q; want one with the interrupt", comments)
			}
			s.isTheOwners()
		})
	}
}

// jobOf returns the arguments of docker run that make a container GitHub's job on the
// pull request, as the runner would.
func (s shop) jobOf(github *emulate.GitHub) []string {
	s.t.Helper()
	return s.jobOn(github, "pull_request", github.Event())
}

// jobOn returns the arguments of docker run that make a container GitHub's job on an event.
func (s shop) jobOn(github *emulate.GitHub, event string, payload map[string]any) []string {
	s.t.Helper()
	text, err := json.Marshal(payload)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("event.json", string(text))
	api := fmt.Sprintf("http://%s:%d", gateway(s.t), github.Port)
	return []string{
		"--env", "GITHUB_ACTIONS=true", "--env", "GITHUB_WORKSPACE=/workspace", "--env", "GITHUB_REPOSITORY=" + emulate.Repository,
		"--env", "GITHUB_EVENT_NAME=" + event, "--env", "GITHUB_EVENT_PATH=/workspace/event.json",
		"--env", "GITHUB_API_URL=" + api, "--env", "GITHUB_GRAPHQL_URL=" + api + "/graphql",
		"--env", "GITHUB_STEP_SUMMARY=/workspace/summary.md", "--env", "GITHUB_OUTPUT=/workspace/output.txt",
		"--env", "INPUT_GITHUB-TOKEN=" + emulate.JobToken,
	}
}
