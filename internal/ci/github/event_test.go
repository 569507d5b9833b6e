package github

import (
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/ci"
)

const (
	headSHA  = "1111111111111111111111111111111111111111"
	mergeSHA = "3333333333333333333333333333333333333333"
)

func TestEventOfAJob(t *testing.T) {
	t.Parallel()
	// Each case lists the differences from the event of a push to main.
	ofPullRequest := func(name string, fork bool) func(*ci.Event) {
		return func(e *ci.Event) {
			e.Name, e.PullRequest, e.Fork = name, 7, fork
			e.HeadSHA, e.HeadRef, e.BaseRef = headSHA, "more-orders", "main"
		}
	}
	ofNone := func(name string) func(*ci.Event) {
		return func(e *ci.Event) { e.Name = name }
	}
	for file, want := range map[string]func(*ci.Event){
		"push":              ofNone("push"),
		"schedule":          ofNone("schedule"),
		"workflow_dispatch": ofNone("workflow_dispatch"),
		"workflow_run": func(e *ci.Event) {
			e.Name = "workflow_run"
			e.Upstream = &ci.Upstream{
				RunID: 99, RunAttempt: 3, RunURL: "https://github.com/acme/shop/actions/runs/99/attempts/3",
				Event: "pull_request", Conclusion: "failure",
				HeadSHA: headSHA, HeadBranch: "more-orders", HeadRepository: "alice/shop",
			}
		},
		"workflow_run_deleted_fork": func(e *ci.Event) {
			e.Name = "workflow_run"
			e.Upstream = &ci.Upstream{
				RunID: 99, RunURL: "https://github.com/acme/shop/actions/runs/99/attempts/1",
				Event: "pull_request", HeadSHA: headSHA,
			}
		},
		"issue_comment":             ofNone("issue_comment"),
		"pull_request":              ofPullRequest("pull_request", false),
		"pull_request_review":       ofPullRequest("pull_request_review", false),
		"pull_request_fork":         ofPullRequest("pull_request_target", true),
		"pull_request_deleted_fork": ofPullRequest("pull_request", true),
		"issue_comment_pull_request": func(e *ci.Event) {
			e.Name, e.PullRequest, e.HeadSHA, e.HeadRef = "issue_comment", 7, "", ""
		},
		"merge_group": func(e *ci.Event) { e.Name, e.BaseRef = "merge_group", "main" },
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			wanted := ci.Event{
				Repository: "acme/shop",
				HeadSHA:    mergeSHA, HeadRef: "main", SHA: mergeSHA,
				RunID: 4711, RunAttempt: 2, Workflow: "dbt", Job: "build",
				RunURL:    "https://github.com/acme/shop/actions/runs/4711/attempts/2",
				ServerURL: "https://github.com", APIURL: "https://api.github.com", GraphQLURL: "https://api.github.com/graphql",
			}
			want(&wanted)
			env := map[string]string{"GITHUB_EVENT_NAME": wanted.Name, "GITHUB_EVENT_PATH": "testdata/" + file + ".json"}

			got, err := New(job(env), io.Discard).Event()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("event (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEventWithoutItsFile(t *testing.T) {
	t.Parallel()
	for name, wantErr := range map[string]bool{
		"schedule": false, "push": false, "workflow_dispatch": false,
		"pull_request": true, "pull_request_target": true, "issue_comment": true, "workflow_run": true,
	} {
		_, err := New(job(map[string]string{"GITHUB_EVENT_NAME": name}), io.Discard).Event()
		if (err != nil) != wantErr {
			t.Errorf("%s: got %v, want an error: %v", name, err, wantErr)
		}
	}
}

func TestUnreadableEventFileIsNamed(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"missing.json": "no such file",
		"torn.json":    "is not an event: unexpected end of JSON input",
		"list.json":    "is not an event: it is a JSON array, not an object; expected the JSON file",
		"wrong.json":   `is not an event: "pull_request.number" is a JSON string; expected the JSON file`,
	} {
		path := "testdata/" + file
		_, err := New(job(map[string]string{
			"GITHUB_EVENT_NAME": "schedule",
			"GITHUB_EVENT_PATH": path,
		}), io.Discard).Event()
		if err == nil {
			t.Errorf("%s: no error", file)
			continue
		}
		for _, part := range []string{"GITHUB_EVENT_PATH: ", path, want, "; expected ", "; see https://"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%q does not contain %q", err, part)
			}
		}
	}
}

func TestDependabotsJobsAreRecognisedByTheActor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		event, actor string
		want         bool
	}{
		{"push", "dependabot[bot]", true},
		{"pull_request", "dependabot[bot]", true},
		{"pull_request", "alice", false},
		{"workflow_run", "dependabot[bot]", false},
	} {
		env := map[string]string{
			"GITHUB_EVENT_NAME": tt.event, "GITHUB_EVENT_PATH": "testdata/" + tt.event + ".json",
			"GITHUB_ACTOR": tt.actor, "GITHUB_TRIGGERING_ACTOR": "bob",
		}
		if e, err := New(job(env), io.Discard).Event(); err != nil || e.Dependabot != tt.want {
			t.Errorf("%s by %s: got %v, %v; want %v", tt.event, tt.actor, e.Dependabot, err, tt.want)
		}
	}
}

func TestEventOutsideOfActionsIsZero(t *testing.T) {
	t.Parallel()
	env := map[string]string{"GITHUB_ACTIONS": "", "GITHUB_EVENT_PATH": "testdata/torn.json"}
	got, err := New(job(env), io.Discard).Event()
	if err != nil {
		t.Fatal(err)
	}
	if got != (ci.Event{}) {
		t.Errorf("got %+v, want the zero event", got)
	}
}

// job returns the environment of a job on GitHub Actions, with changes.
func job(changes map[string]string) func(string) string {
	env := map[string]string{
		"GITHUB_ACTIONS":     "true",
		"GITHUB_API_URL":     "https://api.github.com",
		"GITHUB_GRAPHQL_URL": "https://api.github.com/graphql",
		"GITHUB_SERVER_URL":  "https://github.com",
		"GITHUB_REPOSITORY":  "acme/shop",
		"GITHUB_REF_NAME":    "main",
		"GITHUB_SHA":         mergeSHA,
		"GITHUB_RUN_ID":      "4711",
		"GITHUB_RUN_ATTEMPT": "2",
		"GITHUB_WORKFLOW":    "dbt",
		"GITHUB_JOB":         "build",
	}
	maps.Copy(env, changes)
	return func(name string) string { return env[name] }
}
