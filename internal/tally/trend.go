package tally

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"
)

// Point is what one run did to one model.
type Point struct {
	Run     int // index in the list of runs
	Time    time.Time
	Before  *int64 // nil: it did not exist, or is unknown
	Count   int64  // rows after the run
	Seconds *float64
	Written *Written // nil: unknown
}

// Range contains the counts that are not unusual.
type Range struct{ Low, High int64 }

// expected returns the range in which the last of the counts is not unusual, given those
// before it, oldest first; nil if there are too few of them.
func expected(counts []int64) *Range {
	if len(counts) <= enoughEarlier {
		return nil
	}
	earlier, _ := steps(counts)
	middle, spread := median(earlier), spreadOf(earlier)
	low := min(middle-unusualScore*spread, slices.Min(earlier))
	high := max(middle+unusualScore*spread, slices.Max(earlier))
	last := math.Log1p(float64(counts[len(counts)-2]))
	count := func(step float64) int64 {
		return int64(math.Round(math.Min(math.Expm1(last+step), math.MaxInt64/2)))
	}
	return &Range{Low: max(count(low), 0), High: count(high)}
}

// trend returns the points of a node in these runs, oldest first.
func (p *past) trend(points map[int]found, runs []int) []Point {
	var list []Point
	for _, run := range slices.Backward(runs) {
		at := points[run].point
		list = append(list, at.in(run))
	}
	return list
}

func (p point) in(run int) Point {
	return Point{
		Run: run, Time: p.Time, Before: p.Before, Count: p.Count, Seconds: p.Seconds, Written: p.Written,
	}
}

// GateLine is a gate on a model's rows as a number of rows.
type GateLine struct {
	Gate string
	At   int64
}

// GateLines returns the gates of a model between which its rows have to be. Those on a
// change refer to the baseline or, without one, to the rows before this run.
func (m Model) GateLines() []GateLine {
	var lines []GateLine
	limits := m.Node.Limits
	base := m.Baseline
	if base == nil || limits.Axis == AxisBefore {
		base = m.Before
	}
	change := func(gate string, limit *Limit, sign float64) {
		if limit == nil || base == nil {
			return
		}
		rows := limit.Amount
		if limit.Percent {
			rows = limit.Amount / 100 * float64(*base)
		}
		lines = append(lines, GateLine{gate + " " + limit.String(), max(0, *base+int64(math.Round(sign*rows)))})
	}
	bound := func(gate string, rows *int64) {
		if rows != nil {
			lines = append(lines, GateLine{gate + " " + Number(*rows), *rows})
		}
	}
	change("max-drop", limits.MaxDrop, -1)
	change("max-growth", limits.MaxGrowth, 1)
	bound("min-rows", limits.MinRows)
	bound("max-rows", limits.MaxRows)
	return lines
}

// Trend is how the rows of one relation developed.
type Trend struct {
	NodeID   string  // "" if the project's own hooks wrote the rows
	Relation string  // in the newest run
	Points   []Point // oldest first, at least one
}

// Trends returns the trend of each node in the history, ordered by node ID and relation.
// A run that is not listed has no points.
func (h History) Trends() []Trend {
	place := make(map[string]int, len(h.Runs))
	for i, run := range h.Runs {
		place[run.ID] = i
	}
	trends := map[string]*Trend{}
	for _, p := range h.points() {
		run, listed := place[p.RunID]
		if !listed {
			continue
		}
		key := cmp.Or(p.NodeID, p.Relation)
		if trends[key] == nil {
			trends[key] = &Trend{NodeID: p.NodeID, Relation: p.Relation}
		}
		trends[key].Points = append(trends[key].Points, p.in(run))
	}
	list := make([]Trend, 0, len(trends))
	for _, key := range slices.Sorted(maps.Keys(trends)) {
		t := trends[key]
		slices.SortStableFunc(t.Points, func(a, b Point) int { return cmp.Compare(b.Run, a.Run) })
		list = append(list, *t)
	}
	return list
}
