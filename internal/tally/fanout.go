package tally

import "math"

// fanOutBound is the factor by which a ratio must change to be marked: a tenth, in either
// direction.
const fanOutBound = 1.1

// FanOut is how many rows a model has per row of its largest parent. A join that
// multiplies or loses rows moves it, whatever the sources do.
type FanOut struct {
	Parent   string  // the counted parent with the most rows in this run
	Ratio    float64 // here
	Baseline float64 // there
	Moved    bool    // the ratio differs from the baseline's by more than a tenth
}

// Factor returns the growth of the ratio: 2 if each row of the parent has twice as many rows
// as in the baseline. It is +Inf if the model had no rows.
func (f FanOut) Factor() float64 { return f.Ratio / f.Baseline }

// FindFanOuts compares the models' ratios with the baseline's, by node ID. parents lists
// the parents of every node; parents without a count, such as views, are replaced by
// their own. A model is left out if it, or its largest parent, has no count on both
// sides, or if the parent has no rows on either.
func FindFanOuts(models []Model, parents map[string][]string) map[string]FanOut {
	counted := make(map[string]Model, len(models))
	for _, m := range models {
		if m.counted() {
			counted[m.Node.ID] = m
		}
	}
	found := map[string]FanOut{}
	for id, m := range counted {
		parent, ok := largestParent(id, counted, parents)
		if !ok || m.Baseline == nil || parent.Baseline == nil || *parent.After == 0 || *parent.Baseline == 0 {
			continue
		}
		f := FanOut{
			Parent:   parent.Node.ID,
			Ratio:    float64(*m.After) / float64(*parent.After),
			Baseline: float64(*m.Baseline) / float64(*parent.Baseline),
		}
		f.Moved = moved(f.Ratio, f.Baseline)
		found[id] = f
	}
	return found
}

// moved compares two ratios. Two ratios of 0 are equal.
func moved(here, there float64) bool {
	if here == 0 || there == 0 {
		return here != there
	}
	return math.Abs(math.Log(here/there)) > math.Log(fanOutBound)
}

// largestParent returns the nearest counted ancestor of id with the most rows; if several
// have as many, the one whose ID is first.
func largestParent(id string, counted map[string]Model, parents map[string][]string) (largest Model, ok bool) {
	seen := map[string]bool{id: true}
	for open := parents[id]; len(open) > 0; {
		next := open[0]
		open = open[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		m, isCounted := counted[next]
		switch {
		case !isCounted:
			open = append(open[:len(open):len(open)], parents[next]...)
		case !ok, *m.After > *largest.After, *m.After == *largest.After && next < largest.Node.ID:
			largest, ok = m, true
		}
	}
	return largest, ok
}
