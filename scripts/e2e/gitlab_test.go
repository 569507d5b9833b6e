//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegitlab"
)

// TestTheImageRunsAsGitLabRunsIt starts a shell in the image, and sends the script to it, as
// GitLab's runner does with its Docker executor: as root and as the user of the project's
// files, with the image's entrypoint and without it.
// https://docs.gitlab.com/runner/executors/docker/#how-docker-executor-works
func TestTheImageRunsAsGitLabRunsIt(t *testing.T) {
	for name, options := range map[string][]string{
		"root":                        {"--user", "0"},
		"another user":                {"--user", owner()},
		"root, without entrypoint":    {"--user", "0", "--entrypoint", ""},
		"another, without entrypoint": {"--user", owner(), "--entrypoint", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			gitlab := fakegitlab.New(t, fakegitlab.Options{Root: "/git"})
			out, err := s.gitLabJob(gitlab, append(options, "--rm")...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "Completed successfully") {
				t.Fatalf("%v:\n%s", err, out)
			}
			notes := gitlab.Notes(fakegitlab.MergeRequest)
			if len(notes) != 1 || !strings.Contains(notes[0].Body, "3 of 4 nodes are new") {
				t.Errorf("notes %+v, want one; the log:\n%s", notes, out)
			}
			if text := s.read("report/junit.xml"); !strings.Contains(text, "<testsuites>") {
				t.Errorf("junit.xml is %q", text)
			}
			if got := s.psql("select branch || ' ' || event from dbt_audit.dbt_audit_run"); got != "feature merge_request_event" {
				t.Errorf("recorded %q", got)
			}
			s.isTheOwners()
		})
	}
}

// toEach sends SIGTERM to each process except the first one and itself, the newest first,
// and gives each 6 s to end, as GitLab's runner does when a job is cancelled.
const toEach = `cd /proc
for pid in $(ls -d [0-9]* | sort -rn); do
	[ "$pid" != 1 ] && [ "$pid" != $$ ] && kill -TERM "$pid" 2>/dev/null || continue
	for _ in 1 2 3 4 5 6; do [ -e "$pid" ] || break; sleep 1; done
done`

// TestACancelledGitLabJobEndsItsQuery cancels a job in mid-query. With a signal to each, one
// of Python's processes and dbt ignore SIGTERM and take 6 s each, so 15 s leave a margin of
// 3 s. docker stop kills after 10 s, so 7 s leave as much.
func TestACancelledGitLabJobEndsItsQuery(t *testing.T) {
	for name, c := range map[string]struct {
		options, before, after []string
		most                   time.Duration
	}{
		"without entrypoint, a signal to each": {
			options: []string{"--entrypoint", ""}, before: []string{"exec"}, after: []string{"sh", "-c", toEach}, most: 15 * time.Second,
		},
		"a signal to each":  {before: []string{"exec"}, after: []string{"sh", "-c", toEach}, most: 15 * time.Second},
		"docker stop":       {before: []string{"stop", "--time", "10"}, most: 7 * time.Second},
		"docker stop, exec": {options: []string{"--entrypoint", "", "--env", "EXEC=exec"}, before: []string{"stop", "--time", "10"}, most: 7 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			gitlab := fakegitlab.New(t, fakegitlab.Options{Root: "/git"})
			s.write("models/slow.sql", slowModel)
			container := fmt.Sprintf("dbt-tally-e2e-%d", time.Now().UnixNano())
			job := s.gitLabJob(gitlab, append(c.options, "--name", container)...)
			var log bytes.Buffer
			job.Stdout, job.Stderr = &log, &log
			if err := job.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", container).Run() })
			eventually(t, "PostgreSQL runs the slow query", func() bool { return s.slowQueries() == "1" })

			asked := time.Now()
			// docker exec fails if the container ends first.
			_ = exec.Command("docker", append(append(c.before, container), c.after...)...).Run()
			run(t, "docker", "wait", container)
			took := time.Since(asked)
			_ = job.Wait()
			t.Logf("ended after %.1f s", took.Seconds())
			if took > c.most {
				t.Errorf("want %s at most", c.most)
			}
			if got := s.slowQueries(); got != "0" {
				t.Errorf("PostgreSQL still runs %q queries", got)
			}
			var report struct{ Status string }
			if err := json.Unmarshal([]byte(s.read("report/report.json")), &report); err != nil || report.Status != "incomplete" {
				t.Errorf("status %q, %v; want incomplete; the log:\n%s", report.Status, err, log.String())
			}
			if left := run(t, "find", s.workspace, "-name", "*dbt_tally*.sql"); left != "" {
				t.Errorf("left in the project: %s", left)
			}
			s.isTheOwners()
		})
	}
}

// gitLabJob returns the command that runs dbt in a merge request's job.
func (s shop) gitLabJob(gitlab *fakegitlab.Server, options ...string) *exec.Cmd {
	s.t.Helper()
	args := append(s.docker(
		"--interactive", "--network", "host",
		"--volume", s.workspace+":/builds/acme/shop", "--env", "HOME=/tmp",
		"--env", "GITLAB_CI=true", "--env", "CI_PROJECT_DIR=/builds/acme/shop",
		"--env", "CI_PIPELINE_SOURCE=merge_request_event", "--env", "CI_PIPELINE_ID=100", "--env", "CI_JOB_ID=5001",
		"--env", "CI_JOB_NAME=dbt", "--env", "CI_JOB_URL="+gitlab.ServerURL()+"/acme/shop/-/jobs/5001",
		"--env", "CI_PROJECT_ID="+strconv.Itoa(fakegitlab.Project), "--env", "CI_PROJECT_PATH="+fakegitlab.Path,
		"--env", "CI_COMMIT_SHA="+fakegitlab.HeadSHA, "--env", "CI_COMMIT_REF_NAME="+fakegitlab.SourceBranch,
		"--env", "CI_API_V4_URL="+gitlab.URL(), "--env", "CI_SERVER_URL="+gitlab.ServerURL(),
		"--env", "CI_MERGE_REQUEST_IID="+strconv.Itoa(fakegitlab.MergeRequest),
		"--env", "CI_MERGE_REQUEST_PROJECT_ID="+strconv.Itoa(fakegitlab.Project),
		"--env", "CI_MERGE_REQUEST_PROJECT_PATH="+fakegitlab.Path,
		"--env", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID="+strconv.Itoa(fakegitlab.Project),
		"--env", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME="+fakegitlab.SourceBranch,
		"--env", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "--env", "GITLAB_TOKEN="+fakegitlab.Token,
	), options...)
	args = append(args, image, "sh", "-c", "if command -v bash >/dev/null; then exec bash; else exec sh; fi")
	cmd := exec.CommandContext(s.t.Context(), "docker", args...)
	cmd.Stdin = strings.NewReader("set -eo pipefail\ntrap 'exit 1' TERM\ncd \"$CI_PROJECT_DIR\"\n" +
		"${EXEC:-} dbt-tally --report-dir report build </dev/null\nexit 0\n")
	return cmd
}
