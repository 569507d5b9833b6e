package gitlab

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/ci"
)

// branch is the environment of a job on a branch, with changes. An empty value unsets a
// variable.
func branch(changes map[string]string) func(string) string {
	env := map[string]string{
		"GITLAB_CI": "true", "CI_PIPELINE_SOURCE": "push", "CI_PIPELINE_ID": "42", "CI_JOB_ID": "7001", "CI_JOB_NAME": "dbt",
		"CI_JOB_URL":    "https://gitlab.example/git/acme/data/shop/-/jobs/7001",
		"CI_PROJECT_ID": "11", "CI_PROJECT_PATH": "acme/data/shop", "CI_COMMIT_SHA": "c0ffee", "CI_COMMIT_REF_NAME": "main",
		"CI_API_V4_URL": "https://gitlab.example/git/api/v4", "CI_SERVER_URL": "https://gitlab.example/git",
		"GITLAB_USER_LOGIN": "alice",
	}
	maps.Copy(env, changes)
	return func(name string) string { return env[name] }
}

// request is the environment of a merge request's job, with changes.
func request(changes map[string]string) func(string) string {
	env := map[string]string{
		"CI_PIPELINE_SOURCE": "merge_request_event", "CI_COMMIT_REF_NAME": "feature", "CI_MERGE_REQUEST_IID": "5",
		"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
		"CI_MERGE_REQUEST_PROJECT_ID": "11", "CI_MERGE_REQUEST_PROJECT_PATH": "acme/data/shop",
		"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "11",
	}
	maps.Copy(env, changes)
	return branch(env)
}

func TestEventOfAPipeline(t *testing.T) {
	t.Parallel()
	onMain := ci.Event{
		Name: "push", Repository: "acme/data/shop", RepositoryID: 11, HeadSHA: "c0ffee", HeadRef: "main", SHA: "c0ffee",
		RunID: 42, RunAttempt: 7001, Job: "dbt", RunURL: "https://gitlab.example/git/acme/data/shop/-/jobs/7001",
		ServerURL: "https://gitlab.example/git", APIURL: "https://gitlab.example/git/api/v4", Actor: "alice",
	}
	merging := onMain
	merging.Name, merging.PullRequest = "merge_request_event", 5
	merging.HeadRef, merging.BaseRef = "feature", "main"
	with := func(e ci.Event, change func(*ci.Event)) ci.Event {
		change(&e)
		return e
	}
	for name, test := range map[string]struct {
		env  func(string) string
		want ci.Event
	}{
		"not on GitLab CI": {branch(map[string]string{"GITLAB_CI": ""}), ci.Event{}},
		"a branch":         {branch(nil), onMain},
		"a schedule": {
			branch(map[string]string{"CI_PIPELINE_SOURCE": "schedule", "CI_OPEN_MERGE_REQUESTS": "acme/data/shop!5"}),
			with(onMain, func(e *ci.Event) { e.Name = "schedule" }),
		},
		"a tag": {
			branch(map[string]string{"CI_COMMIT_REF_NAME": "v1", "CI_COMMIT_TAG": "v1"}),
			with(onMain, func(e *ci.Event) { e.HeadRef = "v1" }),
		},
		"a branch with open merge requests, another project's first": {
			branch(map[string]string{"CI_OPEN_MERGE_REQUESTS": "parent/shop!9,acme/data/shop!5,acme/data/shop!6"}),
			with(onMain, func(e *ci.Event) { e.PullRequest = 5 }),
		},
		"a branch with another project's merge request": {
			branch(map[string]string{"CI_OPEN_MERGE_REQUESTS": "parent/shop!9"}), onMain,
		},
		"a merge request": {request(nil), merging},
		"a merge request's child pipeline": {
			request(map[string]string{"CI_PIPELINE_SOURCE": "parent_pipeline"}), merging,
		},
		"merged results": {
			request(map[string]string{"CI_COMMIT_SHA": "beef", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "c0ffee"}),
			with(merging, func(e *ci.Event) { e.SHA = "beef" }),
		},
		"a fork's pipeline": {
			request(map[string]string{
				"CI_PROJECT_ID": "12", "CI_PROJECT_PATH": "mallory/shop", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "12",
			}),
			with(merging, func(e *ci.Event) { e.Fork = true }),
		},
		"a fork's merge request in the parent project": {
			request(map[string]string{"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "12"}),
			with(merging, func(e *ci.Event) { e.Fork = true }),
		},
		"a deleted fork": {
			request(map[string]string{"CI_MERGE_REQUEST_SOURCE_PROJECT_ID": ""}),
			with(merging, func(e *ci.Event) { e.Fork = true }),
		},
		"a trailing slash": {branch(map[string]string{"CI_SERVER_URL": "https://gitlab.example/git/"}), onMain},
	} {
		got, err := Event(test.env)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestAJobWithoutItsVariablesIsReported(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		env  func(string) string
		want string
	}{
		"only GITLAB_CI": {
			func(name string) string { return map[string]string{"GITLAB_CI": "true"}[name] },
			"but CI_PIPELINE_SOURCE, CI_PIPELINE_ID, CI_JOB_ID, CI_JOB_URL, CI_PROJECT_ID, CI_PROJECT_PATH, " +
				"CI_COMMIT_SHA, CI_COMMIT_REF_NAME, CI_API_V4_URL, CI_SERVER_URL are not set; pass the job's variables on",
		},
		"one is missing": {branch(map[string]string{"CI_PROJECT_ID": ""}), "but CI_PROJECT_ID is not set; "},
		"a merge request lacks two": {
			request(map[string]string{"CI_MERGE_REQUEST_PROJECT_ID": "", "CI_MERGE_REQUEST_PROJECT_PATH": ""}),
			"but CI_MERGE_REQUEST_PROJECT_PATH, CI_MERGE_REQUEST_PROJECT_ID are not set; ",
		},
		"a word as a number": {request(map[string]string{"CI_MERGE_REQUEST_IID": "five"}), "but CI_MERGE_REQUEST_IID is not a number; "},
		"a broken URL":       {branch(map[string]string{"CI_API_V4_URL": "https://user:hunter2@gitlab:x"}), "but CI_API_V4_URL is not a URL; "},
		"two problems":       {branch(map[string]string{"CI_API_V4_URL": "gitlab", "CI_JOB_ID": ""}), "but CI_API_V4_URL is not a URL, CI_JOB_ID is not set; "},
	} {
		_, err := Event(test.env)
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") ||
			!strings.Contains(err.Error(), "docs/gitlab.md") {
			t.Errorf("%s: got %v, want %s", name, err, test.want)
		}
	}
}
