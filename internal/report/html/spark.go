package html

import (
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// The size of a sparkline, and how many counts it has.
const (
	sparkWidth  = 60
	sparkHeight = 14
	sparkPoints = 24
)

// spark returns the path of a sparkline of the newest counts and the one of this run, in
// whole numbers to keep it short; "" with fewer than two counts.
func spark(points []tally.Point, now *int64) string {
	var counts []int64
	for _, p := range points {
		counts = append(counts, p.Count)
	}
	if now != nil {
		counts = append(counts, *now)
	}
	counts = counts[max(0, len(counts)-sparkPoints):]
	if len(counts) < 2 {
		return ""
	}
	low, high := counts[0], counts[0]
	for _, n := range counts {
		low, high = min(low, n), max(high, n)
	}
	ys := make([]int, len(counts))
	for i, n := range counts {
		ys[i] = sparkHeight / 2
		if high > low {
			ys[i] = sparkHeight - 1 - int(float64(n-low)/float64(high-low)*(sparkHeight-2))
		}
	}
	return line(ys)
}

// line returns the path through these heights. A flat part is one step.
func line(ys []int) string {
	var b strings.Builder
	b.WriteString("M0 " + strconv.Itoa(ys[0]))
	wasX, wasY := 0, ys[0]
	for i := 1; i < len(ys); i++ {
		x, y := i*sparkWidth/(len(ys)-1), ys[i]
		switch {
		case y == wasY && i < len(ys)-1 && ys[i+1] == y:
			continue
		case y == wasY:
			b.WriteString("h" + strconv.Itoa(x-wasX))
		default:
			b.WriteString("l" + strconv.Itoa(x-wasX) + pair(y-wasY))
		}
		wasX, wasY = x, y
	}
	return b.String()
}

// pair returns the second number of two. A minus sign also separates them.
func pair(n int) string {
	if n < 0 {
		return strconv.Itoa(n)
	}
	return " " + strconv.Itoa(n)
}

// curve adds a line from one node to another to a path.
func curve(d *strings.Builder, x1, y1, x2, y2 int) {
	half := (x2 - x1) / 2
	d.WriteString("M" + strconv.Itoa(x1) + pair(y1) + "c" + strconv.Itoa(half) + " 0" +
		pair(half) + pair(y2-y1) + pair(x2-x1) + pair(y2-y1))
}
