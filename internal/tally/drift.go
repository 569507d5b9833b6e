package tally

import "math"

// Drift is how much the models that were not edited moved. They are the control group of
// a comparison with a baseline that was built earlier.
type Drift struct {
	Models int     // untouched models whose rows here and in the baseline are known
	Moved  int     // of these, the ones with another number of rows
	Median float64 // of the relative changes of those that moved, without their signs: 0.004 is 0.4%
}

// FindDrift measures the drift among the models that were not touched. A model that
// was empty counts as moved, but has no relative change.
func FindDrift(models []Model, causes Causes) Drift {
	var drift Drift
	var moves []float64
	for _, m := range models {
		change := m.BaselineChange()
		if change == nil || !m.counted() || !causes.Untouched(m.Node.ID) {
			continue
		}
		drift.Models++
		if *change == 0 {
			continue
		}
		drift.Moved++
		if *m.Baseline != 0 {
			moves = append(moves, math.Abs(float64(*change)/float64(*m.Baseline)))
		}
	}
	if len(moves) > 0 {
		drift.Median = median(moves)
	}
	return drift
}
