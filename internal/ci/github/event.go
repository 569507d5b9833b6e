package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Event reads the job's environment and the event file. Outside of GitHub Actions it
// returns the zero Event.
func (a *Actions) Event() (ci.Event, error) {
	if !a.Active() {
		return ci.Event{}, nil
	}
	e := ci.Event{
		Name:       a.getenv("GITHUB_EVENT_NAME"),
		Repository: a.getenv("GITHUB_REPOSITORY"),
		HeadSHA:    a.getenv("GITHUB_SHA"),
		HeadRef:    a.getenv("GITHUB_REF_NAME"),
		SHA:        a.getenv("GITHUB_SHA"),
		Workflow:   a.getenv("GITHUB_WORKFLOW"),
		Job:        a.getenv("GITHUB_JOB"),
		Actor:      a.getenv("GITHUB_ACTOR"),
		ServerURL:  a.getenv("GITHUB_SERVER_URL"),
		APIURL:     a.getenv("GITHUB_API_URL"),
		GraphQLURL: a.getenv("GITHUB_GRAPHQL_URL"),
	}
	// A job has the rights of the actor, even if another user re-runs it. A workflow_run
	// has those of the repository, whoever started the upstream run.
	// https://docs.github.com/en/code-security/dependabot/troubleshooting-dependabot/troubleshooting-dependabot-on-github-actions
	e.Dependabot = a.getenv("GITHUB_ACTOR") == "dependabot[bot]" && e.Name != "workflow_run"
	e.RunID, _ = strconv.ParseInt(a.getenv("GITHUB_RUN_ID"), 10, 64)
	e.RunAttempt, _ = strconv.Atoi(a.getenv("GITHUB_RUN_ATTEMPT"))
	if e.RunID > 0 {
		e.RunURL = runPage(e, e.RunID, e.RunAttempt)
	}
	p, err := a.readPayload(e.Name)
	if err != nil {
		return ci.Event{}, err
	}
	p.describe(&e)
	return e, nil
}

func runPage(e ci.Event, id int64, attempt int) string {
	return fmt.Sprintf("%s/%s/actions/runs/%d/attempts/%d", e.ServerURL, e.Repository, id, max(1, attempt))
}

// payload contains the fields of the event's file that are used:
// https://docs.github.com/webhooks/webhook-events-and-payloads
type payload struct {
	PullRequest *struct {
		Number int
		Head   struct {
			SHA, Ref string
			Repo     *struct { // nil: the fork was deleted
				FullName string `json:"full_name"`
			}
		}
		Base struct{ Ref string }
	} `json:"pull_request"`
	Issue *struct {
		Number      int
		PullRequest *struct{} `json:"pull_request"` // nil: the issue is not a pull request
	}
	MergeGroup *struct {
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
	WorkflowRun *workflowRun `json:"workflow_run"`
}

// readPayload reads the event's file. Without a file it returns an error only for the
// events that need it: those about a pull request, or about a run of one.
func (a *Actions) readPayload(event string) (payload, error) {
	const hint = "expected the JSON file that GitHub Actions writes; see " + docs.Troubleshooting
	path := a.getenv("GITHUB_EVENT_PATH")
	if path == "" {
		if strings.HasPrefix(event, "pull_request") || event == "issue_comment" || event == "workflow_run" {
			return payload{}, fmt.Errorf("GITHUB_EVENT_PATH is not set for event %q; %s", event, hint)
		}
		return payload{}, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return payload{}, fmt.Errorf("GITHUB_EVENT_PATH: %w; %s", err, hint)
	}
	var p payload
	if err := json.Unmarshal(text, &p); err != nil {
		return payload{}, fmt.Errorf("GITHUB_EVENT_PATH: %s is not an event: %s; %s", path, invalid(err), hint)
	}
	return p, nil
}

// invalid describes JSON that is not an event, without the names of Go types.
func invalid(err error) string {
	var unexpected *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &unexpected):
		return err.Error()
	case unexpected.Field == "":
		return "it is a JSON " + unexpected.Value + ", not an object"
	default:
		return fmt.Sprintf("%q is a JSON %s", strings.ToLower(unexpected.Field), unexpected.Value)
	}
}

// describe adds the payload's data to those of the environment.
func (p payload) describe(e *ci.Event) {
	switch {
	case p.PullRequest != nil:
		pr := p.PullRequest
		e.PullRequest = pr.Number
		e.HeadSHA, e.HeadRef, e.BaseRef = pr.Head.SHA, pr.Head.Ref, pr.Base.Ref
		e.Fork = pr.Head.Repo == nil || !strings.EqualFold(pr.Head.Repo.FullName, e.Repository)
	case p.Issue != nil && p.Issue.PullRequest != nil:
		e.PullRequest = p.Issue.Number
		e.HeadSHA, e.HeadRef = "", ""
	case p.WorkflowRun != nil && e.Name == "workflow_run": // a deployment's event has one, too
		e.Upstream = p.WorkflowRun.upstream(*e)
	case p.MergeGroup != nil:
		e.BaseRef = strings.TrimPrefix(p.MergeGroup.BaseRef, "refs/heads/")
	}
}
