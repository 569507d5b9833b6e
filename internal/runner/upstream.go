package runner

// Upstream is the run that a workflow_run event is about, as GitHub itself tells
// it: no file that the run left behind has a say in it. A field that GitHub does
// not tell is zero.
type Upstream struct {
	RunID      int64
	RunAttempt int
	RunURL     string // the attempt's page
	Event      string // that started it, such as "pull_request"
	Conclusion string // such as "success", "failure" or "skipped"

	HeadSHA        string // of the pull request's own commit, where it is about one
	HeadBranch     string
	HeadRepository string // "owner/name", "": it was deleted
}

// workflowRun is what the payload says of it.
// https://docs.github.com/webhooks/webhook-events-and-payloads#workflow_run
type workflowRun struct {
	ID         int64
	RunAttempt int `json:"run_attempt"`
	Event      string
	Conclusion string // null while it runs

	HeadSHA        string    `json:"head_sha"`
	HeadBranch     string    `json:"head_branch"` // null for some events
	HeadRepository *struct { // nil: the fork was deleted
		FullName string `json:"full_name"`
	} `json:"head_repository"`
}

// upstream puts the run's page together like the job's own.
func (w workflowRun) upstream(e Event) *Upstream {
	u := &Upstream{
		RunID: w.ID, RunAttempt: w.RunAttempt, RunURL: e.runPage(w.ID, w.RunAttempt),
		Event: w.Event, Conclusion: w.Conclusion, HeadSHA: w.HeadSHA, HeadBranch: w.HeadBranch,
	}
	if w.HeadRepository != nil {
		u.HeadRepository = w.HeadRepository.FullName
	}
	return u
}
