package tally

import "time"

// Run is one invocation as the run table keeps it: dbt_audit_run, one row an
// invocation, written after dbt. Texts that are not known are "".
type Run struct {
	ID          string // run_id: dbt's invocation_id
	StartedAt   time.Time
	CompletedAt time.Time
	Status      string // success, failed or incomplete
	ExitCode    int    // dbt's
	Command     string
	Target      string // the target's name
	Repository  string // owner/name
	Branch      string
	Commit      string
	Event       string // GitHub's name of what started the job
	PullRequest int    // 0: none
	Workflow    string
	Job         string
	URL         string // the page of the job's run
	DBTVersion  string
	Version     string // of dbt-tally
}

// Point is what one earlier run found of one node.
type Point struct {
	RunID    string
	NodeID   string // "" where the project's own hooks wrote the row
	Relation string
	Count    int64    // rows after that run
	Seconds  *float64 // from the before to the after row; nil where there is only one
}

// History is what earlier runs found: the runs newest first, their points in any
// order.
type History struct {
	Runs   []Run
	Points []Point
}
