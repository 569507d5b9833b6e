package tally

import (
	"cmp"
	"time"
)

// Run is one invocation in the run table, dbt_audit_run, which has one row per
// invocation, written after dbt. Unknown texts are "".
type Run struct {
	ID          string // run_id: dbt's invocation_id
	StartedAt   time.Time
	CompletedAt time.Time
	Status      string // success, failed, incomplete, or breached if dbt succeeded but a gate did not hold
	ExitCode    int    // dbt's
	Command     string
	Target      string // the target's name
	Repository  string // owner/name
	Branch      string
	Commit      string
	Event       string // the CI system's name of the event that started the job
	PullRequest int    // 0: none
	Workflow    string
	Job         string
	URL         string // the page of the job's run
	DBTVersion  string
	Version     string // of dbt-tally
	AcceptedBy  string // the person who accepted counts that breach gates; "": none
}

// History contains the earlier runs, newest first, and their audit rows, in any order.
type History struct {
	Runs []Run
	Rows []Row

	// Compared is the number of newest runs to compare with; 0: all. The others only
	// continue the trend.
	Compared int

	// Fingerprints are those of the newest run that stored any, by node ID; nil: no run
	// did.
	Fingerprints map[string]string
	Columns      map[string][]Column // the columns of the relations that this run built, by node ID
}

// point is the count of one node in one earlier run.
type point struct {
	RunID    string
	NodeID   string // "" if the project's own hooks wrote the row
	Relation string
	Count    int64    // rows after that run
	Seconds  *float64 // from the before to the after row; nil if there is only one
	Before   *int64
	Time     time.Time
	Written  *Written // nil: unknown
}

// points returns the counts in the rows. Rows without a node ID belong to the node that has
// rows of the same relation in the same run, if there is one.
func (h History) points() []point {
	type key struct{ run, node, relation string }
	nodes := map[key]string{} // by run and relation
	for _, r := range h.Rows {
		if r.NodeID != "" {
			nodes[key{run: r.Invocation, relation: r.Relation}] = r.NodeID
		}
	}
	pairs := map[key]*pair{}
	var order []key
	for _, r := range inOrder(h.Rows, nil) {
		at := key{run: r.Invocation, node: cmp.Or(r.NodeID, nodes[key{run: r.Invocation, relation: r.Relation}])}
		if at.node == "" {
			at.relation = r.Relation
		}
		if pairs[at] == nil {
			pairs[at], order = new(pair), append(order, at)
		}
		pairs[at].add(r)
	}
	var found []point
	for _, at := range order {
		p := pairs[at]
		if p.after == nil || p.after.Count == nil {
			continue
		}
		found = append(found, point{
			RunID: at.run, NodeID: at.node, Relation: p.after.Relation, Count: *p.after.Count, Seconds: p.seconds(),
			Time: p.after.Time, Written: written(p.wrote, unrecorded), Before: p.countBefore(),
		})
	}
	return found
}
