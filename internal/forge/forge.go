// Package forge contains what all forges have in common: the texts that a run keeps up to
// date, the rules that leave one text per key if several runs write at once, and the limits
// and repetitions of requests. It leaves the forges' APIs to the packages below.
package forge

// Comment describes a run's comment on a pull request.
type Comment struct {
	PullRequest int
	Key         string // distinguishes the comments of several jobs; any text
	RunID       int64  // with RunAttempt, decides which of two runs is newer
	RunAttempt  int
	Body        string // Markdown
	OnlyUpdate  bool   // update an existing comment, but create none
	OnlyNewer   bool   // do not update a comment of the same run
}

// Issue describes the issue in which a run reports its gates if there is no pull request.
type Issue struct {
	Key        string // distinguishes the issues of several jobs; any text
	RunID      int64  // with RunAttempt, decides which of two runs is newer
	RunAttempt int
	Breached   bool   // false: the run is clean
	Title      string // of the issue, plain text; a clean run does not use it
	Body       string // Markdown: the issue's text, or that of the comment with which a clean run closes it
}

// Check describes a check run: a run's verdict on a commit, in a form that branch
// protection understands.
type Check struct {
	Commit     string // the pull request's head, not the merge commit that GitHub creates
	Name       string // the name that branch protection refers to
	Key        string // distinguishes the check runs of several jobs; any text
	RunID      int64  // with RunAttempt, decides which of two runs is newer
	RunAttempt int
	Conclusion string // "success", "failure" or "neutral"
	Title      string // plain text
	Summary    string // Markdown, at most 65,000 characters
	URL        string // a page with the details
	OnlyUpdate bool   // update an existing check run, but create none
}

// Review describes a run's review comments on the files of a pull request.
type Review struct {
	PullRequest int
	Commit      string // the pull request's head that the run built
	Key         string // distinguishes the review comments of several jobs; any text
	RunID       int64  // with RunAttempt, decides which of two runs is newer
	RunAttempt  int
	Remarks     []Remark // at most one per file
}

// Remark is the text of the review comment on one file.
type Remark struct {
	Path string // relative to the root of the repository
	Text string // Markdown
}

// Head is the source of a pull request.
type Head struct {
	Repository  string // "owner/name": the client's repository, or a fork of it
	Branch, SHA string
}

// Outcome is the result of writing a comment, an issue or a check run.
type Outcome string

// The outcomes of a client's Comment, Issue and Check.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged" // the text was already equal
	Newer     Outcome = "newer"     // a newer run's text was kept
	Absent    Outcome = "absent"    // there is none, and none was to be created
	Closed    Outcome = "closed"    // an issue was open, and a clean run closed it
)

// Posted is the comment, issue or check run that exists afterwards. Its URL is "" if
// there is none.
type Posted struct {
	URL     string
	Outcome Outcome
}
