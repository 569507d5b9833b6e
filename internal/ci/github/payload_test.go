package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// starts lists the events that start a workflow and are also webhooks.
// https://docs.github.com/actions/reference/workflows-and-actions/events-that-trigger-workflows
var starts = []string{
	"branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status",
	"discussion", "discussion_comment", "fork", "gollum", "issue_comment", "issues", "label", "merge_group",
	"milestone", "page_build", "public", "pull_request", "pull_request_review", "pull_request_review_comment",
	"push", "release", "repository_dispatch", "status", "watch", "workflow_dispatch", "workflow_run",
}

// example is a payload whose fields are looked up without the types under test.
type example map[string]any

func (e example) at(path ...string) any {
	var found any = map[string]any(e)
	for _, name := range path {
		object, _ := found.(map[string]any)
		found = object[name]
	}
	return found
}

func (e example) text(path ...string) string {
	text, _ := e.at(path...).(string)
	return text
}

func (e example) number(path ...string) int {
	number, _ := e.at(path...).(float64)
	return int(number)
}

func TestPayloadsOfEveryEventAreRead(t *testing.T) {
	t.Parallel()
	for name, payloads := range examples(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, payload := range payloads {
				got, want := read(t, name, payload), wanted(t, name, payload)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("payload %d (-want +got):\n%s", i, diff)
				}
			}
		})
	}
}

// read returns the event of a job that this payload started.
func read(t *testing.T, name string, payload example) ci.Event {
	t.Helper()
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "event.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := New(job(map[string]string{
		"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": path, "GITHUB_REPOSITORY": payload.text("repository", "full_name"),
	}), io.Discard).Event()
	if err != nil {
		t.Error(err)
	}
	return got
}

// wanted returns the event of the environment, with the data of its payload.
func wanted(t *testing.T, name string, payload example) ci.Event {
	t.Helper()
	repository := payload.text("repository", "full_name")
	want, err := New(job(map[string]string{"GITHUB_REPOSITORY": repository}), io.Discard).Event()
	if err != nil {
		t.Fatal(err)
	}
	want.Name = name
	switch {
	case strings.HasPrefix(name, "pull_request"):
		want.PullRequest = payload.number("pull_request", "number")
		want.HeadSHA, want.HeadRef = payload.text("pull_request", "head",
			"sha"), payload.text("pull_request", "head", "ref")
		want.BaseRef = payload.text("pull_request", "base", "ref")
		want.Fork = payload.text("pull_request", "head", "repo", "full_name") != repository
		if want.PullRequest == 0 || len(want.HeadSHA) != 40 || want.HeadRef == "" || want.BaseRef == "" {
			t.Errorf("the example lacks the expected fields: %+v", want)
		}
	case payload.at("issue", "pull_request") != nil:
		want.PullRequest = payload.number("issue", "number")
		want.HeadSHA, want.HeadRef = "", ""
	case name == "merge_group":
		want.BaseRef = "main"
	case name == "workflow_run":
		id, attempt := payload.number("workflow_run", "id"), payload.number("workflow_run", "run_attempt")
		want.Upstream = &ci.Upstream{
			RunID: int64(id), RunAttempt: attempt,
			RunURL: fmt.Sprintf("https://github.com/%s/actions/runs/%d/attempts/%d", repository, id, max(1, attempt)),
			Event:  payload.text("workflow_run", "event"), Conclusion: payload.text("workflow_run", "conclusion"),
			HeadSHA: payload.text("workflow_run", "head_sha"), HeadBranch: payload.text("workflow_run", "head_branch"),
			HeadRepository: payload.text("workflow_run", "head_repository", "full_name"),
		}
	}
	return want
}

// examples returns GitHub's own examples (npm's @octokit/webhooks-examples), and variants
// for the cases that these lack: forks, comments on a pull request, and events that only
// start workflows.
func examples(t *testing.T) map[string][]example {
	t.Helper()
	path := filepath.Join(server.Cache(), "webhooks/node_modules/@octokit/webhooks-examples/api.github.com/index.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("no examples of payloads: run make tools (%v)", err)
	}
	var events []struct {
		Name     string
		Examples []example
	}
	if err := json.Unmarshal(text, &events); err != nil {
		t.Fatal(err)
	}
	known := map[string][]example{}
	for _, event := range events {
		known[event.Name] = event.Examples
	}
	all := map[string][]example{}
	for _, name := range starts {
		if all[name] = known[name]; len(known[name]) == 0 {
			t.Errorf("there is no example of %s", name)
		}
	}
	for _, payload := range known["pull_request"] {
		all["pull_request"] = append(all["pull_request"],
			changed(t, payload, `{"pull_request":{"head":{"repo":{"full_name":"mallory/Hello-World"}}}}`),
			changed(t, payload, `{"pull_request":{"head":{"repo":null}}}`))
	}
	all["pull_request_target"] = all["pull_request"]
	for _, payload := range known["issue_comment"] {
		all["issue_comment"] = append(all["issue_comment"],
			changed(t, payload, `{"issue":{"pull_request":{"url":"https://api.github.com/repos/a/b/pulls/1"}}}`))
	}
	for _, payload := range known["workflow_run"] {
		all["workflow_run"] = append(all["workflow_run"],
			changed(t, payload, `{"workflow_run":{"head_repository":null,"head_branch":null,"conclusion":null}}`))
	}
	all["schedule"] = []example{{"schedule": "17 3 * * *", "repository": known["push"][0]["repository"]}}
	return all
}

// changed returns a copy with some fields changed.
func changed(t *testing.T, payload example, changes string) example {
	t.Helper()
	text, err := json.Marshal(payload)
	var clone, fields example
	if err := errors.Join(err, json.Unmarshal(text, &clone), json.Unmarshal([]byte(changes), &fields)); err != nil {
		t.Fatal(err)
	}
	change(clone, fields)
	return clone
}

func change(object, fields map[string]any) {
	for name, value := range fields {
		inner, isObject := value.(map[string]any)
		old, wasObject := object[name].(map[string]any)
		if isObject && wasObject {
			change(old, inner)
			continue
		}
		object[name] = value
	}
}
