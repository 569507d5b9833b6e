// Package tally is the domain: it derives how each model changed from the audit rows of
// one or more dbt invocations and from dbt's own results. It does no I/O and leaves
// warehouses, files and forges to other packages.
package tally

import "time"

// Status is what happened to a model, as one word.
type Status string

// Every status a model can have.
const (
	Grew       Status = "grew"
	Shrank     Status = "shrank"
	Unchanged  Status = "unchanged"
	New        Status = "new"          // its first build: it did not exist before
	Emptied    Status = "emptied"      // it had rows and has none
	Empty      Status = "empty"        // it had none and has none
	NotCounted Status = "not-counted"  // a view, or opted out
	Skipped    Status = "skipped"      // dbt did not run it
	Failed     Status = "failed"       // dbt ran it and it failed, or was interrupted in it
	Reused     Status = "reused"       // dbt had nothing to do
	NoAuditRow Status = "no-audit-row" // it ran, but has no audit row
)

// Statuses lists every status, in the order of the constants.
func Statuses() []Status {
	return []Status{Grew, Shrank, Unchanged, New, Emptied, Empty, NotCounted, Skipped, Failed, Reused, NoAuditRow}
}

// Changed reports whether rows were added, removed or counted for the first time.
func (s Status) Changed() bool {
	return s == Grew || s == Shrank || s == New || s == Emptied
}

// Model is the line of one model, seed or snapshot.
type Model struct {
	Node    Node
	Status  Status
	Reason  string   // one sentence without a full stop: why it has this status
	Message string   // dbt's message if it failed, otherwise ""
	Before  *int64   // rows before the first invocation that built it; nil: it did not exist, or is unknown
	After   *int64   // rows after the last one; nil: unknown
	Seconds float64  // time taken by dbt, all invocations together
	Written *Written // by this run; nil if it left no audit row after the build, or failed
	// CountSource is where After is from, or Carried if Before or After is; "" if unknown.
	CountSource CountSource

	Earlier
	Parents   []string // node IDs of what it reads
	Columns   ColumnChange
	Breaches  []Breach
	Unchecked string // why one of its gates could not be checked, otherwise ""

	// Unprotected means that the model was built and a gate of severity error could not
	// be checked because auditing did not work. The run must not pass.
	Unprotected bool
}

// Earlier contains a model's counts in earlier runs.
type Earlier struct {
	// Baseline is the count in the newest earlier run, and BaselineSeconds is the time
	// that the model took there. Baseline is nil if no earlier run counted the model, or
	// if this run built nothing that could be compared.
	Baseline        *int64
	BaselineSeconds *float64 // nil: unknown
	BaselineNew     bool     // it did not exist before, and earlier runs counted others of its type

	// BaselineIsBefore means that the baseline counted the same table as this run, and
	// that the table did not change in between, so that both comparisons are one fact.
	BaselineIsBefore bool
	HistorySince     *time.Time // the end of the first run in History; nil: no history
	History          []int64    // its counts in earlier runs, oldest first, and After: at most 30; nil: none
	Points           []Point    // of the earlier runs, oldest first; Run is the index in Tally.Runs
	FanOut           *FanOut    // if its rows per row of its largest parent moved, otherwise nil
	Expected         *Range     // in which its count would not be unusual; nil: too little history
	Unusual          bool       // the change against the newest earlier run is far outside those before it
}

// Change returns the rows that were added or, below zero, removed in this run. It is nil
// if either count is unknown. A model that did not exist before had no rows.
func (m Model) Change() *int64 {
	if m.After == nil {
		return nil
	}
	var before int64
	switch {
	case m.Before != nil:
		before = *m.Before
	case m.Status != New:
		return nil
	}
	change := *m.After - before
	return &change
}

// counted reports whether the run left a count that can be compared.
func (m Model) counted() bool { return m.After != nil && m.Status != Failed }

// BaselineChange returns how many rows the model has more or, below zero, fewer than its
// baseline. It is nil if it has none.
func (m Model) BaselineChange() *int64 {
	if m.Baseline == nil || m.After == nil {
		return nil
	}
	change := *m.After - *m.Baseline
	return &change
}

// Tally is the outcome of one or more invocations that make one report.
type Tally struct {
	Models      []Model // ordered by node ID
	BaselineRun *Run    // the newest run that any model was compared with, or is new against; nil: nothing was compared
	Runs        []Run   // the earlier runs that counted anything, newest first
	Causes      Causes  // the zero value if nothing was compared
	Drift       *Drift  // nil if nothing was compared
}

// Totals sums a tally up.
type Totals struct {
	Models     int   // models, seeds and snapshots with a line
	Changed    int   // of these, the ones whose status is Changed
	RowsBefore int64 // over the models whose change is known
	RowsAfter  int64 // likewise
}

// Totals sums up the models. Models whose change is unknown count as models but add no
// rows, so that RowsAfter − RowsBefore is the sum of the changes.
func (t Tally) Totals() Totals {
	var sum Totals
	for _, m := range t.Models {
		sum.Models++
		if m.Status.Changed() {
			sum.Changed++
		}
		if change := m.Change(); change != nil {
			sum.RowsAfter += *m.After
			sum.RowsBefore += *m.After - *change
		}
	}
	return sum
}
