package github

import "github.com/dbt-tally/dbt-tally/internal/ci"

// workflowRun is the part of the payload that describes the upstream run.
// https://docs.github.com/webhooks/webhook-events-and-payloads#workflow_run
type workflowRun struct {
	ID         int64
	RunAttempt int `json:"run_attempt"`
	Event      string
	Conclusion string // null while it runs

	HeadSHA        string    `json:"head_sha"`
	HeadBranch     string    `json:"head_branch"` // null for some events
	HeadRepository *struct { // nil if the fork was deleted
		FullName string `json:"full_name"`
	} `json:"head_repository"`
}

// upstream builds the URL of the run's page in the same way as the job's own.
func (w workflowRun) upstream(e ci.Event) *ci.Upstream {
	u := &ci.Upstream{
		RunID: w.ID, RunAttempt: w.RunAttempt, RunURL: runPage(e, w.ID, w.RunAttempt),
		Event: w.Event, Conclusion: w.Conclusion, HeadSHA: w.HeadSHA, HeadBranch: w.HeadBranch,
	}
	if w.HeadRepository != nil {
		u.HeadRepository = w.HeadRepository.FullName
	}
	return u
}
