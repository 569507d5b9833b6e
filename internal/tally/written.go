package tally

import (
	"cmp"
	"slices"
)

// Written is what this run wrote to the table of a model. Inserted, Updated and Deleted are
// known together, or not at all; then they are nil.
type Written struct {
	// Inserted, Updated and Deleted are physical: an updated row was rewritten, with other
	// values or with the same ones.
	Inserted, Updated, Deleted *int64

	// Changed is the number of rows that are new or changed by the model's change column.
	// Of a snapshot it is the number of keys with a new version. Nil if unknown.
	Changed *int64

	Source   ChangeSource // "" if the numbers are unknown
	Reason   string       // why they are unknown, or what limits their meaning; otherwise ""
	Versions *Versions    // of a snapshot, if they are known
}

// Versions is what a snapshot wrote, by keys of its source.
type Versions struct {
	New     int64 // keys that it did not have
	Changed int64 // keys with a new version
	Closed  int64 // keys that are gone from the source
}

// ChangeSource is the source of the numbers in Written, from the column change_source.
type ChangeSource string

// The sources.
const (
	FromEngine  ChangeSource = "engine"  // the counters of the warehouse
	FromAdapter ChangeSource = "adapter" // the figures that the adapter reports of its statements
	FromBatch   ChangeSource = "batch"   // the rows that dbt was about to write, counted in its temporary table
	FromCounts  ChangeSource = "derived" // the counts before and after, if these allow only one result
	FromColumn  ChangeSource = "column"  // the times, or the kinds of changes, in the columns of Capture
)

var changeSources = []ChangeSource{FromEngine, FromAdapter, FromBatch, FromCounts, FromColumn}

// Known reports whether it is a source of numbers.
func (s ChangeSource) Known() bool { return slices.Contains(changeSources, s) }

// unknownBecause maps the reasons that the hooks write into change_source, instead of a
// source, to texts.
var unknownBecause = map[ChangeSource]string{
	"rebuilt":      "it was rebuilt: all of its rows were written anew",
	"hooks":        "a hook of the project may have changed rows too",
	"transactions": "the two hooks did not run in one transaction",
	"rewritten":    "the table was truncated or rewritten",
	"partitioned":  "rows of a partitioned table can move from one partition to another",
	"counters":     "the warehouse does not count what a transaction writes to this table",
	"mismatch": "the numbers do not agree with the counts before and after: " +
		"another session wrote too, or a part of the transaction was rolled back",
	"unreported": "the adapter does not report it for this strategy",
}

// unrecorded is the reason of a row without a source if nothing else is known.
func unrecorded(ChangeSource) string { return "the audit row does not contain it" }

// unknownOf returns the function that explains a source that is none: a reason of Capture,
// or "", because the hooks write one only for a table that was there before, and that dbt
// does not build anew.
func (in Input) unknownOf(node Node, status Status) func(ChangeSource) string {
	return func(reason ChangeSource) string {
		return cmp.Or(node.Capture.unknownBecause(reason), in.unknownSource(node, status))
	}
}

func (in Input) unknownSource(node Node, status Status) string {
	switch {
	case node.Capture.wanted() && status != New && in.Uncaptured != "":
		return in.Uncaptured
	case status == New:
		return "it did not exist before this run"
	case node.Materialized == "incremental" || node.ResourceType == "snapshot":
		return unknownBecause["unreported"]
	case node.Materialized == "view" || node.Materialized == "materialized_view":
		return "it is a view"
	default:
		return unknownBecause["rebuilt"]
	}
}

// written sums the after rows of one model, of several batches and invocations. It is
// nil if there are none. unknown explains a source that is none.
func written(rows []*Row, unknown func(ChangeSource) string) *Written {
	var sum *Written
	for _, row := range rows {
		w := row.Written
		if !w.Source.Known() {
			reason, listed := unknownBecause[w.Source]
			if !listed {
				reason = unknown(w.Source)
			}
			w = Written{Changed: w.Changed, Reason: reason}
		}
		if sum == nil {
			sum = &w
			continue
		}
		sum.add(w)
	}
	return sum
}

// add adds the numbers of another batch or invocation.
func (w *Written) add(more Written) {
	w.Changed = plus(w.Changed, more.Changed)
	w.Inserted, w.Updated = plus(w.Inserted, more.Inserted), plus(w.Updated, more.Updated)
	w.Deleted = plus(w.Deleted, more.Deleted)
	switch {
	case w.Reason != "":
	case more.Reason != "":
		w.Source, w.Reason = "", more.Reason
	case w.Source != more.Source:
		w.Source = FromCounts
	}
}

// plus returns nil if either number is unknown.
func plus(a, b *int64) *int64 {
	if a == nil || b == nil {
		return nil
	}
	return new(*a + *b)
}

// complete adds what the numbers mean for this model.
func (w *Written) complete(node Node, before *int64) {
	if w == nil || w.Inserted == nil || w.Updated == nil {
		return
	}
	if node.ResourceType == "snapshot" {
		w.Versions = w.versions(node)
	}
	if before != nil && *before > 0 && *w.Updated >= *before {
		w.Reason = "every row was rewritten, as a change of a column's type does"
	}
}

// versions derives what happened to the keys of a snapshot. A changed key closes one
// version (an update) and opens another (an insert). A key that is gone closes its
// version and, with hard_deletes: new_record, inserts a record of it.
func (w *Written) versions(node Node) *Versions {
	changed := w.Changed
	if changed == nil && node.HardDeletes == "ignore" {
		changed = w.Updated // no version is closed for another reason
	}
	if changed == nil {
		return nil
	}
	v := Versions{Changed: *changed, Closed: *w.Updated - *changed}
	v.New = *w.Inserted - v.Changed
	if node.HardDeletes == "new_record" {
		v.New -= v.Closed
	}
	if v.New < 0 || v.Closed < 0 {
		return nil
	}
	return &v
}

// checkWritten checks the gates on what the run wrote to an incremental model, a snapshot,
// or a table whose own configuration names the columns that show it. A first build and any
// other table that is built anew have nothing to check.
func (m *Model) checkWritten(l Limits, breach func(gate string, axis Axis, limit, value string)) {
	w := m.Written
	incremental := m.Node.Materialized == "incremental" || m.Node.ResourceType == "snapshot"
	known := w != nil && w.Updated != nil && w.Deleted != nil
	switch {
	case l.MaxUpdated == nil && l.MaxDeleted == nil, m.Before == nil:
		return
	case !incremental && !known && !m.Node.Capture.tells():
		return
	case w == nil || w.Updated == nil || w.Deleted == nil:
		m.Unchecked = "what the run wrote is unknown"
		if w != nil && w.Reason != "" {
			m.Unchecked += ": " + w.Reason
		}
		return
	}
	updated, deleted := *w.Updated, *w.Deleted
	if w.Versions != nil {
		updated, deleted = w.Versions.Changed, w.Versions.Closed
	}
	if l.MaxUpdated.breachedBy(updated, *m.Before) {
		breach("max-updated", AxisBefore, l.MaxUpdated.String(), l.MaxUpdated.amount(updated, *m.Before))
	}
	if l.MaxDeleted.breachedBy(deleted, *m.Before) {
		breach("max-deleted", AxisBefore, l.MaxDeleted.String(), l.MaxDeleted.amount(deleted, *m.Before))
	}
}

// amount writes a number of rows that breaches l, in the unit of l, without a sign.
func (l *Limit) amount(rows, base int64) string {
	if !l.Percent {
		return Number(rows)
	}
	return decimal(percent(rows, base), l.Amount) + "%"
}
