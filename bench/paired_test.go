package bench

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// paired is the ratio of two costs that were measured in pairs, one after the other, so
// that a slow minute of the machine affects both.
type paired struct {
	what     string
	cost, of []float64
	most     float64 // the limit of the ratio
}

// ratio returns the geometric mean of the ratios of some pairs.
func (p paired) ratio(pairs []int) float64 {
	sum := 0.0
	for _, i := range pairs {
		sum += math.Log(p.cost[i] / p.of[i])
	}
	return math.Exp(sum / float64(len(pairs)))
}

// interval returns the ratio, and the interval that contains 95% of the ratios of random
// samples of the pairs (a bootstrap).
func (p paired) interval() (ratio, low, high float64) {
	const samples = 4000
	all, random := make([]int, len(p.cost)), rand.New(rand.NewPCG(1, 2))
	for i := range all {
		all[i] = i
	}
	ratios, pairs := make([]float64, samples), make([]int, len(all))
	for i := range ratios {
		for j := range pairs {
			pairs[j] = random.IntN(len(all))
		}
		ratios[i] = p.ratio(pairs)
	}
	slices.Sort(ratios)
	return p.ratio(all), ratios[samples/40], ratios[samples-1-samples/40]
}

// A limit is missed if the whole interval is above it, and kept if no part of it is.
const (
	missed    = "MISSED"
	kept      = "kept"
	undecided = "undecided"
)

func (p paired) verdict() string {
	switch _, low, high := p.interval(); {
	case len(p.cost) < 3: // one pair has no interval
		return undecided
	case low > p.most:
		return missed
	case high <= p.most:
		return kept
	default:
		return undecided
	}
}

// measureUntilDecided measures the projects in turns: at least -rounds times, and until
// every limit is kept or missed, but at most -most times.
func measureUntilDecided(b *testing.B, projects []*project, limits func() []paired) {
	b.Helper()
	isUndecided := func(p paired) bool { return p.verdict() == undecided }
	for round := 0; round < *rounds || round < *most && slices.ContainsFunc(limits(), isUndecided); round++ {
		for i := range projects {
			projects[(i+round)%len(projects)].measure(b)
		}
	}
}

// ratios adds a line for each ratio, with its interval and its limit.
func (t *table) ratios(all []paired) {
	for _, p := range all {
		ratio, low, high := p.interval()
		t.limit(p.what, fmt.Sprintf("%.3f (%.3f to %.3f, %d pairs)", ratio, low, high, len(p.cost)),
			fmt.Sprintf("%.2f", p.most), p.verdict())
	}
}

func TestAnIntervalDecidesAboutALimit(t *testing.T) {
	t.Parallel()
	pairs := func(most float64) paired {
		return paired{cost: []float64{11, 22, 34, 43}, of: []float64{10, 20, 30, 40}, most: most}
	}
	for most, want := range map[float64]string{1.05: missed, 1.1: undecided, 1.14: kept} {
		if got := pairs(most).verdict(); got != want {
			_, low, high := pairs(most).interval()
			t.Errorf("%.3f to %.3f is %s for a limit of %.2f; want %s", low, high, got, most, want)
		}
	}
	if ratio, low, high := pairs(0).interval(); math.Abs(ratio-1.102) > 0.001 || low < 1.07 || high > 1.14 {
		t.Errorf("ratio %.3f, from %.3f to %.3f", ratio, low, high)
	}
}
