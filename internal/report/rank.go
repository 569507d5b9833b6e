package report

import (
	"cmp"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// rank sorts the models by importance.
func rank(models []Model) {
	slices.SortFunc(models, func(a, b Model) int {
		return cmp.Or(
			cmp.Compare(worst(a), worst(b)),
			cmp.Compare(rankOf(a.Standing()), rankOf(b.Standing())),
			cmp.Compare(smallness(size(a)), smallness(size(b))),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.NodeID, b.NodeID),
		)
	})
}

// Standing returns the status that decides a model's rank, sign and fold. It is this run's
// status, unless the comparison with the baseline is more informative: on a first build
// in a separate schema, or without a change since an earlier build in it.
func (m Model) Standing() tally.Status {
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

// size returns the change that a model's standing refers to.
func size(m Model) *int64 {
	if m.Standing() == m.Status {
		return m.Change
	}
	return m.BaselineChange
}

// Notable reports whether a model gets a row even if space is scarce.
func (m Model) Notable() bool {
	return LookOf(m.Standing()).Attention || m.Unusual || len(m.Gates) > 0 || m.Columns != nil
}

// Differs reports whether a model's number of rows, or its columns, differ from the
// baseline.
func (m Model) Differs() bool {
	return m.BaselineNew || m.BaselineChange != nil && *m.BaselineChange != 0 || m.Columns != nil
}

// smallness decreases as a change grows in either direction. It is never positive,
// because the smallest int64 has no positive counterpart. An unknown change is 0.
func smallness(change *int64) int64 {
	if change == nil {
		return 0
	}
	return min(*change, -*change)
}
