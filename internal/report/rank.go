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
			cmp.Compare(ranks[a.Status], ranks[b.Status]),
			cmp.Compare(smallness(a.Change), smallness(b.Change)),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.NodeID, b.NodeID),
		)
	})
}

// smallness falls as a change grows in either direction. It is never above 0,
// since the smallest int64 has no positive counterpart; an unknown change is none.
func smallness(change *int64) int64 {
	if change == nil {
		return 0
	}
	return min(*change, -*change)
}
