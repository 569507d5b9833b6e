package tally

import (
	"math"
	"slices"
)

const (
	unusualScore  = 3.5
	enoughEarlier = 7 // with fewer earlier counts nothing is unusual

	// leastSpread keeps the score finite for a model that never changes, or always by
	// the same amount: half a percent.
	leastSpread = 0.005
)

// unusual reports whether the last of the counts, oldest first, changed far more or far
// less than those before it: its score is high, and no earlier change was as large.
func unusual(counts []int64) bool {
	if len(counts) <= enoughEarlier || score(counts) <= unusualScore {
		return false
	}
	earlier, last := steps(counts)
	return last < slices.Min(earlier) || last > slices.Max(earlier)
}

// score returns the modified z-score of the last change among the earlier ones, after
// Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993); 3.5 is the
// threshold that they recommend
// (https://www.itl.nist.gov/div898/handbook/eda/section3/eda35h.htm).
func score(counts []int64) float64 {
	earlier, last := steps(counts)
	return math.Abs(last-median(earlier)) / spreadOf(earlier)
}

// spreadOf is the median distance from the median, scaled as in the modified z-score.
func spreadOf(values []float64) float64 {
	middle := median(values)
	away := make([]float64, len(values))
	for i, value := range values {
		away[i] = math.Abs(value - middle)
	}
	return max(median(away)/0.6745, leastSpread)
}

// steps returns the relative changes from count to count, and the last one separately: the
// difference of the logarithms, which is as large for a half as for the double. One row
// is added to each count, so that a count may be zero.
func steps(counts []int64) (earlier []float64, last float64) {
	all := make([]float64, len(counts)-1)
	for i := range all {
		all[i] = math.Log1p(float64(counts[i+1])) - math.Log1p(float64(counts[i]))
	}
	return all[:len(all)-1], all[len(all)-1]
}

// median returns the median of the values, of which there is at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
