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
			-cmp.Compare(size(a.Change), size(b.Change)),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.NodeID, b.NodeID),
		)
	})
}

// size is how large a change is in either direction; an unknown one is none.
func size(change *int64) int64 {
	if change == nil {
		return 0
	}
	return max(*change, -*change)
}
