package report

import (
	"cmp"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// MaxRows is the number of rows that a comment and a terminal show unfolded.
const MaxRows = 15

// A Row of the table is a model, together with the models that differ for the same cause
// and have nothing else to report.
type Row struct {
	Model
	Others []Model
}

// TableRows returns the rows for the models that need attention. Models with the same
// root cause are adjacent: the root first, then those that differ only because of it in
// one row. Groups with a problem come first, then edits, then data.
func TableRows(r Report) []Row {
	lines := make(map[string]Model, len(r.Models))
	for _, m := range r.Models {
		lines[m.NodeID] = m
	}
	var order []string
	groups := map[string][]Model{}
	for _, m := range r.Models {
		if !m.Notable() {
			continue
		}
		root := m.NodeID
		if m.Cause != nil && m.Cause.Kind != tally.CauseUnknown {
			root = m.Cause.Root
		}
		if groups[root] == nil {
			order = append(order, root)
		}
		groups[root] = append(groups[root], m)
	}
	slices.SortStableFunc(order, func(a, b string) int {
		return cmp.Or(cmp.Compare(urgency(groups[a]), urgency(groups[b])), cmp.Compare(origin(groups[a]), origin(groups[b])))
	})
	var rows []Row
	for _, root := range order {
		var first *Model
		if m, listed := lines[root]; listed {
			first = &m
		}
		rows = append(rows, groupRows(first, groups[root])...)
	}
	return rows
}

// urgency returns 0 for a group with a problem, otherwise 1.
func urgency(models []Model) int {
	for _, m := range models {
		if standing := m.Standing(); len(m.Gates) > 0 || standing == tally.Failed || standing == tally.Emptied {
			return 0
		}
	}
	return 1
}

// origin orders groups by the kind of their root cause.
func origin(models []Model) int {
	if cause := models[0].Cause; cause != nil && cause.Kind == tally.CauseData {
		return 1
	}
	return 0
}

// groupRows returns the rows of one group. The root comes first even if it is not notable
// itself, for example an edited view.
func groupRows(root *Model, models []Model) []Row {
	var rows []Row
	if root != nil {
		models = slices.DeleteFunc(slices.Clone(models), func(m Model) bool { return m.NodeID == root.NodeID })
		rows = append(rows, Row{Model: *root})
	}
	var followers []Model
	for _, m := range models {
		if m.alone() {
			rows = append(rows, Row{Model: m})
		} else {
			followers = append(followers, m)
		}
	}
	if len(followers) > 0 {
		rows = append(rows, Row{Model: followers[0], Others: followers[1:]})
	}
	return rows
}

// alone reports whether a model has something to report that its root cause does not.
func (m Model) alone() bool {
	standing := m.Standing()
	return m.Unusual || len(m.Gates) > 0 || m.Columns != nil || standing == tally.Failed || standing == tally.Emptied
}

// Calm lists the models without a row, the most important first.
func Calm(r Report, rows []Row) []Model {
	shown := map[string]bool{}
	for _, row := range rows {
		shown[row.NodeID] = true
	}
	return slices.DeleteFunc(slices.Clone(r.Models), func(m Model) bool { return m.Notable() || shown[m.NodeID] })
}

// CalmTitles counts the models that need no attention, by status.
func CalmTitles(models []Model) []string {
	var titles []string
	for _, look := range looks {
		n, views := 0, 0
		for _, m := range models {
			if m.Standing() == look.Status {
				n++
				if look.Status == tally.NotCounted && m.Materialized == "view" {
					views++
				}
			}
		}
		if views > 0 {
			titles = append(titles, Plural(views, "view")+" not counted")
		}
		if n -= views; n > 0 {
			titles = append(titles, look.title(n))
		}
	}
	return titles
}

// Flat returns one row per model, also for models that share a row.
func Flat(rows []Row) []Row {
	var all []Row
	for _, row := range rows {
		all = append(all, Row{Model: row.Model})
		for _, m := range row.Others {
			all = append(all, Row{Model: m})
		}
	}
	return all
}
