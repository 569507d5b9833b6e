package warehouse

import (
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// place is one node in one run: by its ID, or by its relation where the
// project's own hooks wrote the rows.
type place struct{ run, node, relation string }

// points are the counts that the rows of earlier runs tell: the last after row's,
// and the time from the first before row to it. Rows with a node ID win over those
// that the project's own hooks wrote of the same relation.
func points(rows []tally.Row) []tally.Point {
	known := make(map[place]bool)
	for _, row := range rows {
		if row.NodeID != "" {
			known[place{run: row.Invocation, relation: row.Relation}] = true
		}
	}
	type pair struct{ before, after *tally.Row }
	pairs := make(map[place]*pair)
	var order []place
	for i := range rows {
		row := &rows[i]
		at := place{run: row.Invocation, node: row.NodeID}
		if row.NodeID == "" {
			at.relation = row.Relation
			if known[at] {
				continue
			}
		}
		p, seen := pairs[at]
		if !seen {
			p = new(pair)
			pairs[at], order = p, append(order, at)
		}
		switch {
		case row.Phase == tally.Before && (p.before == nil || row.Time.Before(p.before.Time)):
			p.before = row
		case row.Phase == tally.After && (p.after == nil || !row.Time.Before(p.after.Time)):
			p.after = row
		}
	}
	var found []tally.Point
	for _, at := range order {
		p := pairs[at]
		if p.after == nil || p.after.Count == nil {
			continue
		}
		found = append(found, tally.Point{
			RunID: at.run, NodeID: at.node, Relation: p.after.Relation,
			Count: *p.after.Count, Seconds: secondsBetween(p.before, p.after),
		})
	}
	return found
}

// secondsBetween is nil where it can't be told: hooks that ask the transaction
// for the time give both rows the same.
func secondsBetween(before, after *tally.Row) *float64 {
	if before == nil || !after.Time.After(before.Time) {
		return nil
	}
	seconds := after.Time.Sub(before.Time).Seconds()
	return &seconds
}

// runsOf are the runs that left these rows, newest first, as far as the rows tell.
func runsOf(rows []tally.Row) []tally.Run {
	var runs []tally.Run
	for _, row := range rows {
		i := slices.IndexFunc(runs, func(run tally.Run) bool { return run.ID == row.Invocation })
		if i < 0 {
			i, runs = len(runs), append(runs, tally.Run{ID: row.Invocation})
		}
		if row.Time.After(runs[i].CompletedAt) {
			runs[i].CompletedAt = row.Time
		}
	}
	slices.SortStableFunc(runs, func(a, b tally.Run) int { return b.CompletedAt.Compare(a.CompletedAt) })
	return runs
}
