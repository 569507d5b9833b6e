// Package terminal renders a report as plain text: the table that follows dbt's own
// output. It fits the table to the width of the terminal and owns its colours; what
// the terminal can show, the caller finds out.
package terminal

import (
	"fmt"
	"io"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// Options say what the terminal can show.
type Options struct {
	Width int  // columns; 0: unknown, nothing is cut to fit
	Color bool // escape sequences may be used
}

// maxBranch is how much of a branch's name heads a column.
const maxBranch = 24

// Write writes the headline, what the run is compared with, the table of what
// changed and what failed, and how many models need no attention. Failed nodes'
// messages are left to dbt, which printed them already.
func Write(w io.Writer, r report.Report, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "dbt-tally: %s\n", report.Headline(r, plain))
	for _, p := range r.Audit.Problems {
		fmt.Fprintf(&b, "warning: %s\n", report.Clean(p, report.MaxProblem))
	}
	writeComparison(&b, r)
	shown, folds := report.Split(r.Models)
	if len(shown) > 0 {
		b.WriteString("\n" + table(shown, r, o) + "\n")
	}
	var rest []string
	if n := len(report.Unchecked(r.Models)); n > 0 {
		rest = append(rest, report.UncheckedTitle(n))
	}
	for _, f := range folds {
		rest = append(rest, f.Title)
	}
	if len(rest) > 0 {
		b.WriteString("\n" + strings.Join(rest, " · ") + "\n")
	}
	for _, line := range report.Unaudited(r.Models, plain) {
		b.WriteString(line + "\n")
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// writeComparison states what the run is compared with, and which gates it
// breached.
func writeComparison(b *strings.Builder, r report.Report) {
	against := ""
	if r.Baseline != nil {
		against = againstTitle(r.Baseline)
		fmt.Fprintf(b, "compared with %s%s, %s\n",
			r.Baseline.Name(short), r.Baseline.At(), report.BaselineAge(r))
	} else if r.Sought != nil {
		fmt.Fprintln(b, r.Sought.NotFound(plain))
	}
	name := report.Names(r.Models)
	for _, x := range report.Breaches(r.Models) {
		fmt.Fprintf(b, "%s: %s breaches %s: %s %s, limit %s\n", report.AlarmOf(x.Gate).Word,
			plain(name(x.Model)), plain(x.Gate.Gate), plain(x.Gate.Value),
			report.AxisWords(x.Gate, against), plain(x.Gate.Limit))
	}
}

// againstTitle heads the column of the differences from the baseline.
func againstTitle(b *report.Baseline) string { return "against " + b.Name(short) }

// plain is foreign text as a terminal may show it.
func plain(s string) string { return report.Clean(s, report.MaxName) }

// short is a branch's name as a column's title.
func short(s string) string { return report.Clean(s, maxBranch) }
