package markdown

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// maxBars keeps a sparkline narrow enough for the other columns.
const maxBars = 12

// trend returns the sparkline of a notable model that was counted before.
func trend(m report.Model) string {
	if !m.Notable() || len(m.History) < 2 {
		return ""
	}
	return report.Sparkline(m.History[max(0, len(m.History)-maxBars):])
}

// chart draws the model that changed most since the previous run, or returns "" if none
// did. The model's name is not in the chart, because the syntax has no escapes. The axis
// begins at 0, so that a small change looks small, and the line's colour has a contrast
// of 3 : 1 in the light and in the dark theme. See
// https://mermaid.js.org/syntax/xyChart.html.
func chart(r report.Report, c columns) string {
	var most report.Model
	for _, m := range r.Models {
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
		"```mermaid\n---\nconfig:\n  xyChart:\n    width: 700\n    height: 300\n"+
		"  themeVariables:\n    xyChart:\n      plotColorPalette: \"#2f81f7\"\n      backgroundColor: transparent\n---\n"+
		"xychart-beta\n  x-axis \"%s\" 1 --> %d\n  y-axis \"rows\" 0 --> %d\n  line [%s]\n```\n",
		code(c.name(most)), len(counts), runsTitle(r, most), len(counts),
		slices.Max(most.History), strings.Join(counts, ", "))
}

// runsTitle returns the title of the axis of runs: the dates of the first and the last.
func runsTitle(r report.Report, m report.Model) string {
	if m.HistorySince == nil {
		return "runs"
	}
	const day = "2 Jan"
	return "runs, " + m.HistorySince.Format(day) + " to " + r.GeneratedAt.Format(day)
}

// lastStep returns the absolute difference of a model's rows from the previous run.
func lastStep(m report.Model) float64 {
	n := len(m.History)
	if n < 2 {
		return 0
	}
	return math.Abs(float64(m.History[n-1]) - float64(m.History[n-2]))
}
