// Package ci describes the CI job in which dbt-tally runs: the event that started it
// and the annotations in its log. For each CI system, a package below it sets these
// values.
package ci

// Event describes the job and the event that started it. A field that the CI system does
// not report is zero. Outside of CI the whole Event is zero.
type Event struct {
	Name        string // such as "pull_request" or "schedule"
	Repository  string // "owner/name"; on GitLab the project with all of its groups
	PullRequest int    // 0: the event is not about a pull request
	Fork        bool   // the pull request comes from another repository, so the token may be read-only or missing
	Dependabot  bool   // Dependabot started the job: the token may be read-only and secrets are missing

	// HeadSHA and HeadRef are the pull request's own commit and branch, not the
	// merge commit that GitHub creates for the job. Without a pull request they are
	// the commit and the branch or tag of the job. They are empty for a comment's
	// event, which does not contain the pull request's commit.
	HeadSHA, HeadRef string
	BaseRef          string // the branch to merge into; "": none

	RepositoryID  int64  // GitLab's, which its API takes; 0 on GitHub
	SHA           string // the commit that the CI system checks out by default
	RunID         int64
	RunAttempt    int // with the RunID: decides which of two runs is newer
	Workflow, Job string
	Actor         string // who started the job
	RunURL        string // the page of this attempt

	Upstream *Upstream // the run that a workflow_run event is about; nil for other events

	ServerURL, APIURL, GraphQLURL string
}

// Branch returns the branch that this run builds. A fork's branch gets a prefix, because
// its main is not our main, and its counts must never become a baseline for others.
func (e Event) Branch() string {
	if e.Fork {
		return "fork:" + e.HeadRef
	}
	return e.HeadRef
}

// Upstream is the run that a workflow_run event is about. All values come from GitHub, so
// files that the run has written cannot change them. A field that GitHub does not report
// is zero.
type Upstream struct {
	RunID      int64
	RunAttempt int
	RunURL     string // the page of the attempt
	Event      string // the event that started it, such as "pull_request"
	Conclusion string // such as "success", "failure" or "skipped"

	HeadSHA        string // the pull request's own commit, if the run was about one
	HeadBranch     string
	HeadRepository string // "owner/name"; "" if it was deleted
}
