package runner

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Event is what started the job, and the job itself. A field that the runner does
// not tell is zero.
type Event struct {
	Name        string // such as "pull_request" or "schedule"
	Repository  string // "owner/name"
	PullRequest int    // 0: the event is about none
	Fork        bool   // the pull request comes from another repository, so the token may be read-only
	Dependabot  bool   // Dependabot started the job, so the token may be read-only and there are no secrets

	// HeadSHA and HeadRef are the pull request's own commit and branch, not the
	// merge that GitHub makes for the job; without one, the commit and the branch
	// or tag of the job. A comment's event does not tell the pull request's: then
	// they are empty.
	HeadSHA, HeadRef string
	BaseRef          string // the branch to merge into; "": there is none

	SHA           string // the commit that actions/checkout takes when it is told no other
	RunID         int64
	RunAttempt    int
	Workflow, Job string
	RunURL        string // the attempt's page

	Upstream *Upstream // the run that a workflow_run event is about, nil for any other event

	ServerURL, APIURL, GraphQLURL string
}

// Event reads the job's environment and the event's file. Away from GitHub
// Actions it is the zero Event.
func (r *Runner) Event() (Event, error) {
	if !r.Active() {
		return Event{}, nil
	}
	e := Event{
		Name:       r.getenv("GITHUB_EVENT_NAME"),
		Repository: r.getenv("GITHUB_REPOSITORY"),
		HeadSHA:    r.getenv("GITHUB_SHA"),
		HeadRef:    r.getenv("GITHUB_REF_NAME"),
		SHA:        r.getenv("GITHUB_SHA"),
		Workflow:   r.getenv("GITHUB_WORKFLOW"),
		Job:        r.getenv("GITHUB_JOB"),
		ServerURL:  r.getenv("GITHUB_SERVER_URL"),
		APIURL:     r.getenv("GITHUB_API_URL"),
		GraphQLURL: r.getenv("GITHUB_GRAPHQL_URL"),
	}
	// The actor's are the rights that the job has, whoever runs it again. A
	// workflow_run has those of the repository, whoever started what it follows.
	// https://docs.github.com/en/code-security/dependabot/troubleshooting-dependabot/troubleshooting-dependabot-on-github-actions
	e.Dependabot = r.getenv("GITHUB_ACTOR") == "dependabot[bot]" && e.Name != "workflow_run"
	e.RunID, _ = strconv.ParseInt(r.getenv("GITHUB_RUN_ID"), 10, 64)
	e.RunAttempt, _ = strconv.Atoi(r.getenv("GITHUB_RUN_ATTEMPT"))
	if e.RunID > 0 {
		e.RunURL = e.runPage(e.RunID, e.RunAttempt)
	}
	p, err := r.readPayload(e.Name)
	if err != nil {
		return Event{}, err
	}
	p.describe(&e)
	return e, nil
}

func (e Event) runPage(id int64, attempt int) string {
	return fmt.Sprintf("%s/%s/actions/runs/%d/attempts/%d", e.ServerURL, e.Repository, id, max(1, attempt))
}

// payload is what the event's file says, as far as it is needed.
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
		PullRequest *struct{} `json:"pull_request"` // nil: an issue that is no pull request
	}
	MergeGroup *struct {
		BaseRef string `json:"base_ref"`
	} `json:"merge_group"`
	WorkflowRun *workflowRun `json:"workflow_run"`
}

// readPayload reads the event's file. Only an event about a pull request, or about
// a run of one, needs it, so only there is it missed where the runner names none.
func (r *Runner) readPayload(event string) (payload, error) {
	const hint = "want the JSON file that GitHub Actions writes; see docs/troubleshooting.md"
	path := r.getenv("GITHUB_EVENT_PATH")
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
		return payload{}, fmt.Errorf("GITHUB_EVENT_PATH: %s is not an event: %w; %s", path, err, hint)
	}
	return p, nil
}

// describe adds what the payload knows to what the environment says.
func (p payload) describe(e *Event) {
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
