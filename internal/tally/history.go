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
	AcceptedBy  string // who accepted counts that breach gates, "" if no one did
}

// History is what earlier runs left: the runs newest first, their audit rows in any
// order.
type History struct {
	Runs []Run
	Rows []Row

	// Fingerprints are those of the newest run that stored some, by node ID; nil if
	// none did.
	Fingerprints map[string]string
	Columns      map[string][]Column // the same for the columns of what that run built
}

// point is the count of one node in one earlier run.
type point struct {
	RunID    string
	NodeID   string // "" if the project's own hooks wrote the row
	Relation string
	Count    int64    // rows after that run
	Seconds  *float64 // from the before to the after row; nil if there is only one
}

// points are the counts in the rows. Rows without a node ID belong to the node
// that left rows of the same relation in the same run, if there is one.
func (h History) points() []point {
	type place struct{ run, node, relation string }
	nodes := map[place]string{} // by run and relation
	for _, r := range h.Rows {
		if r.NodeID != "" {
			nodes[place{run: r.Invocation, relation: r.Relation}] = r.NodeID
		}
	}
	pairs := map[place]*pair{}
	var order []place
	for _, r := range inOrder(h.Rows, nil) {
		at := place{run: r.Invocation, node: cmp.Or(r.NodeID, nodes[place{run: r.Invocation, relation: r.Relation}])}
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
		})
	}
	return found
}
