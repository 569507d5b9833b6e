package markdown

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// bars are the heights of a sparkline.
var bars = []rune("▁▂▃▄▅▆▇█")

// sparkline draws counts as bars between the lowest of them and the highest.
func sparkline(counts []int64) string {
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

// trend is the sparkline of a model that is notable and was counted before.
func trend(m report.Model) string {
	if !m.Notable() || len(m.History) < 2 {
		return ""
	}
	return sparkline(m.History)
}

// chart draws the model that changed most since the run before, "" where none
// did. Its name stays out of the chart, whose syntax knows no escapes. See
// https://mermaid.js.org/syntax/xyChart.html.
func chart(models []report.Model, name column[report.Model]) string {
	var most report.Model
	for _, m := range models {
		if lastStep(m) > lastStep(most) {
			most = m
		}
	}
	if lastStep(most) == 0 {
		return ""
	}
	counts := make([]string, len(most.History))
	for i, n := range most.History {
		counts[i] = fmt.Sprint(n)
	}
	return fmt.Sprintf("The largest change, rows of %s over the last %d runs:\n\n"+
		"```mermaid\nxychart-beta\n  x-axis \"run\" 1 --> %d\n  y-axis \"rows\"\n  line [%s]\n```\n",
		name.cell(most), len(counts), len(counts), strings.Join(counts, ", "))
}

// lastStep is by how many rows a model differs from the run before, in either
// direction.
func lastStep(m report.Model) float64 {
	n := len(m.History)
	if n < 2 {
		return 0
	}
	return math.Abs(float64(m.History[n-1]) - float64(m.History[n-2]))
}
