// Package terminal renders a report as plain text: the table that follows dbt's own
// output. It fits the table to the width of the terminal and owns the terminal colours.
// The caller finds out what the terminal supports.
package terminal

import (
	"fmt"
	"io"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Options describe what the terminal supports.
type Options struct {
	Width int  // columns; 0: unknown, nothing is cut to fit
	Color bool // escape sequences may be used
}

// style makes untrusted text safe for a terminal.
var style = report.Style{Name: plain, Prose: plain}

// Write writes the headline, the baseline, the table of changes and failures, and how
// many models need no attention. It leaves the messages of failed nodes out, because dbt
// has already printed them.
func Write(w io.Writer, r report.Report, o Options) error {
	var b strings.Builder
	writeHeadline(&b, r)
	for _, p := range r.Audit.Problems {
		fmt.Fprintf(&b, "warning: %s\n", report.Clean(p, report.MaxProblem))
	}
	writeBreaches(&b, r)
	rows := report.TableRows(r)
	open := rows[:min(len(rows), report.MaxRows)]
	if len(open) > 0 {
		b.WriteString("\n" + table(open, r, o) + "\n")
	}
	if more := len(rows) - len(open); more > 0 {
		fmt.Fprintf(&b, "… and %s more\n", tally.Number(more))
	}
	for _, note := range report.CauseNotes(r, style) {
		b.WriteString("\n" + note + "\n")
	}
	rest := report.CalmTitles(report.Calm(r, rows))
	if n := len(report.Unchecked(r.Models)); n > 0 {
		rest = append(rest, report.UncheckedTitle(n))
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

// writeHeadline writes the worst fact, then the other facts in short form.
func writeHeadline(b *strings.Builder, r report.Report) {
	headline := report.HeadlineOf(r, style)
	b.WriteString(strings.Join(strings.Fields("dbt-tally: "+headline.Sign+" "+headline.Text), " ") + "\n")
	more := headline.More
	if r.Baseline != nil {
		more = append(more, "compared with "+report.BaselineName(r, style)+r.Baseline.At()+", "+report.BaselineAge(r))
	} else if r.Sought != nil {
		more = append(more, r.Sought.NotFound(plain))
	}
	if len(more) > 0 {
		b.WriteString(strings.Join(more, " · ") + "\n")
	}
}

// writeBreaches writes the breaches if there are more than the one in the headline.
func writeBreaches(b *strings.Builder, r report.Report) {
	breaches := report.Breaches(r.Models)
	if len(breaches) < 2 {
		return
	}
	name := report.Names(r.Models)
	for _, x := range breaches {
		fmt.Fprintf(b, "%s: %s\n", report.AlarmOf(x.Gate).Word,
			report.BreachWords(r, x.Gate, plain(name(x.Model)), style))
	}
}

// plain makes untrusted text safe for a terminal.
func plain(s string) string { return report.Clean(s, report.MaxName) }
