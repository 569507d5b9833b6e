package report

import (
	"cmp"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// rank sorts the models by importance. Of equal ones, the one furthest upstream is first.
func rank(models []Model) {
	depths := depths(models)
	slices.SortFunc(models, func(a, b Model) int {
		return cmp.Or(
			cmp.Compare(worst(a), worst(b)),
			cmp.Compare(rankOf(a.Standing()), rankOf(b.Standing())),
			cmp.Compare(smallness(size(a)), smallness(size(b))),
			cmp.Compare(depths[a.NodeID], depths[b.NodeID]),
			cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.NodeID, b.NodeID),
		)
	})
}

// depths returns how many models are above each model, at most.
func depths(models []Model) map[string]int {
	parents := make(map[string][]string, len(models))
	for _, m := range models {
		parents[m.NodeID] = m.Parents
	}
	depths := make(map[string]int, len(models))
	var depth func(id string) int
	depth = func(id string) int {
		if known, seen := depths[id]; seen {
			return known
		}
		depths[id] = 0 // ends a cycle
		deepest := 0
		for _, parent := range parents[id] {
			if _, listed := parents[parent]; listed {
				deepest = max(deepest, depth(parent)+1)
			}
		}
		depths[id] = deepest
		return deepest
	}
	for _, m := range models {
		depth(m.NodeID)
	}
	return depths
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
