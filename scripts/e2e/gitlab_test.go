//go:build e2e

package e2e

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegitlab"
)

// TestTheImageRunsAsGitLabRunsIt starts a shell in the image without its entrypoint, and
// sends the script to it, as GitLab's runner does with its Docker executor: as root, and
// as the user of the project's files.
// https://docs.gitlab.com/runner/executors/docker/#how-docker-executor-works
func TestTheImageRunsAsGitLabRunsIt(t *testing.T) {
	for name, user := range map[string]string{"root": "0", "another user": owner()} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			gitlab := fakegitlab.New(t, fakegitlab.Options{Root: "/git"})
			args := s.docker(
				"--rm", "--interactive", "--network", "host", "--user", user, "--entrypoint", "",
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
				image, "sh", "-c", "if command -v bash >/dev/null; then exec bash; else exec sh; fi",
			)
			cmd := exec.CommandContext(t.Context(), "docker", args...)
			cmd.Stdin = strings.NewReader("set -eo pipefail\ncd \"$CI_PROJECT_DIR\"\ndbt-tally --report-dir report build </dev/null\nexit 0\n")
			out, err := cmd.CombinedOutput()
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
