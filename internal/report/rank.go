package report

import (
	"cmp"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// ranks orders the statuses by how much they want to be seen.
var ranks = map[tally.Status]int{
	tally.Failed:     0,
	tally.Emptied:    1,
	tally.Shrank:     2,
	tally.Grew:       3,
	tally.New:        4,
	tally.NoAuditRow: 5,
	tally.Skipped:    6,
	tally.Empty:      7,
	tally.Unchanged:  8,
	tally.Reused:     9,
	tally.NotCounted: 10,
}

// rank sorts the models so that what is read first matters most.
func rank(models []Model) {
	slices.SortFunc(models, func(a, b Model) int {
		return cmp.Or(
			cmp.Compare(severities[worst(a)].rank, severities[worst(b)].rank),
			cmp.Compare(ranks[standing(a)], ranks[standing(b)]),
			cmp.Compare(smallness(size(a)), smallness(size(b))),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.NodeID, b.NodeID),
		)
	})
}

// standing is the status that a model is ranked, signed and folded by. It is this
// run's, unless that tells nothing of the model that the baseline does not tell
// better: a first build in a schema of its own, or no change since an earlier
// build in it.
func standing(m Model) tally.Status {
	switch m.Status {
	case tally.New, tally.Unchanged, tally.Empty:
	default:
		return m.Status
	}
	switch {
	case m.BaselineNew:
		return tally.New
	case m.BaselineChange == nil:
		return m.Status
	case *m.BaselineChange > 0:
		return tally.Grew
	case *m.BaselineChange < 0 && *m.After == 0:
		return tally.Emptied
	case *m.BaselineChange < 0:
		return tally.Shrank
	case *m.After == 0:
		return tally.Empty
	default:
		return tally.Unchanged
	}
}

// size is the change that a model's standing is about.
func size(m Model) *int64 {
	if standing(m) == m.Status {
		return m.Change
	}
	return m.BaselineChange
}

// notable says whether a model is worth a line where room is dear.
func notable(m Model) bool {
	status := standing(m)
	return status == tally.Failed || status.Changed() || m.Unusual || len(m.Gates) > 0
}

// smallness falls as a change grows in either direction. It is never above 0,
// since the smallest int64 has no positive counterpart; an unknown change is none.
func smallness(change *int64) int64 {
	if change == nil {
		return 0
	}
	return min(*change, -*change)
}
