package report

import (
	"math"
	"slices"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Trend is how the rows of a model developed, for the surfaces that have space for it.
type Trend struct {
	Points   []tally.Point    // of earlier runs, oldest first; Run is the index in Report.Runs
	Expected *tally.Range     // the counts of this run that would not be unusual; nil: not known
	Gates    []tally.GateLine // on the rows of this run
}

// Run is an earlier run. Unknown texts are "".
type Run struct {
	CompletedAt time.Time
	Branch      string
	Commit      string
	URL         string // as untrusted as any text of the run table
}

// RunOf returns the part of a run that surfaces show.
func RunOf(run tally.Run) Run {
	return Run{CompletedAt: run.CompletedAt.UTC(), Branch: run.Branch, Commit: run.Commit, URL: run.URL}
}

// bars are the heights of a sparkline.
var bars = []rune("▁▂▃▄▅▆▇█")

// Sparkline draws counts as bars between the lowest and the highest of them. There is
// at least one.
func Sparkline(counts []int64) string {
	low, high := float64(slices.Min(counts)), float64(slices.Max(counts))
	line := make([]rune, len(counts))
	for i, n := range counts {
		height := 0.0
		if high > low {
			height = (float64(n) - low) / (high - low)
		}
		line[i] = bars[int(math.Round(height*float64(len(bars)-1)))]
	}
	return string(line)
}
