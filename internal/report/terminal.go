package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// TerminalOptions say what the terminal can show.
type TerminalOptions struct {
	Width int  // columns; 0 where it is unknown: nothing is cut to fit
	Color bool // escape sequences may be used
}

// maxBranch is how much of a branch's name heads a column.
const maxBranch = 24

// minName is the width below which a model's name says little: other columns go
// first.
const minName = 16

// gap parts the columns of the terminal's table.
const gap = "  "

// colors are the statuses that stand out in a terminal.
var colors = map[tally.Status]text.Color{
	tally.Failed:     text.FgRed,
	tally.Emptied:    text.FgRed,
	tally.Shrank:     text.FgYellow,
	tally.Grew:       text.FgGreen,
	tally.New:        text.FgCyan,
	tally.NoAuditRow: text.FgYellow,
}

// alarms are the colours of breached gates, which go before those of a status.
var alarms = map[tally.Severity]text.Color{
	tally.SeverityError: text.FgRed,
	tally.SeverityWarn:  text.FgYellow,
}

// Terminal writes the report as text: the table of what changed and what failed,
// then how many models had nothing to tell. Failed nodes' messages are left to
// dbt, which printed them already.
func Terminal(w io.Writer, r Report, o TerminalOptions) error {
	var b strings.Builder
	fmt.Fprintf(&b, "dbt-tally: %s\n", headline(r))
	for _, p := range r.Audit.Problems {
		fmt.Fprintf(&b, "warning: %s\n", clean(p, maxProblem))
	}
	writeComparison(&b, r)
	shown, calm := split(r.Models)
	if len(shown) > 0 {
		b.WriteString("\n" + terminalTable(shown, r, o) + "\n")
	}
	var rest []string
	if n := len(uncheckedOf(r.Models)); n > 0 {
		rest = append(rest, uncheckedTitle(n))
	}
	for _, f := range folds {
		if n := len(calm[f.status]); n > 0 {
			rest = append(rest, f.title(n))
		}
	}
	if len(rest) > 0 {
		b.WriteString("\n" + strings.Join(rest, " · ") + "\n")
	}
	for _, reason := range unauditedReasons(r.Models) {
		fmt.Fprintf(&b, "%s left no audit row: %s\n", plural(reason.models, "model"), clean(reason.text, maxName))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

// writeComparison says what the run is compared with, and which gates it breached.
func writeComparison(b *strings.Builder, r Report) {
	baseline := ""
	if r.Baseline != nil {
		baseline = againstColumn(r.Baseline).title
		fmt.Fprintf(b, "compared with %s%s, %s\n", plainBranch(r.Baseline), at(r.Baseline), age(r))
	}
	name := namesOf(r.Models)
	for _, x := range breachesOf(r.Models) {
		fmt.Fprintf(b, "%s: %s breaches %s: %s %s, limit %s\n", severities[x.gate.Severity].word,
			clean(name(x.model), maxName), clean(x.gate.Gate, maxName), clean(x.gate.Value, maxName),
			axis(x.gate, baseline), clean(x.gate.Limit, maxName))
	}
}

// plainBranch names the baseline in plain text.
func plainBranch(b *Baseline) string { return cmp.Or(clean(b.Branch, maxBranch), unnamed) }

// againstColumn is the column of the differences from the baseline.
func againstColumn(b *Baseline) column[Model] {
	return column[Model]{"against " + plainBranch(b), true, against}
}

// terminalTable cuts the models' names so that no line is wider than the
// terminal; where that leaves too little of them, it leaves columns out.
func terminalTable(models []Model, r Report, o TerminalOptions) string {
	name := namesOf(r.Models)
	var (
		status = column[Model]{"status", false, func(m Model) string { return colored(m, o.Color) }}
		model  = column[Model]{"model", false, func(m Model) string { return clean(name(m), maxName) }}
		before = column[Model]{"before", true, func(m Model) string { return rows(m.Before) }}
		after  = column[Model]{"after", true, func(m Model) string { return rows(m.After) }}
		run    = column[Model]{"this run", true, change}
		time   = column[Model]{"time", true, took}
	)
	changes := []column[Model]{run}
	if r.Baseline != nil {
		changes = append(changes, againstColumn(r.Baseline))
	}
	full := append([]column[Model]{status, model, before, after}, changes...)
	choices := [][]column[Model]{
		append(slices.Clone(full), time),
		full,
		append([]column[Model]{status, model}, changes...),
		{status, model, changes[len(changes)-1]},
		{status, model},
	}
	if o.Width == 0 {
		return draw(models, choices[0], maxName)
	}
	for _, columns := range choices {
		if room := o.Width - widthBeside(models, columns); room >= minName {
			return draw(models, columns, room)
		}
	}
	return draw(models, []column[Model]{model}, o.Width)
}

// widthBeside is the width of all columns but the names'.
func widthBeside(models []Model, columns []column[Model]) int {
	sum := 0
	for _, c := range columns {
		if c.title == "model" {
			continue
		}
		width := text.StringWidthWithoutEscSequences(c.title)
		for _, m := range models {
			width = max(width, text.StringWidthWithoutEscSequences(c.cell(m)))
		}
		sum += width + len(gap)
	}
	return sum
}

func draw(models []Model, columns []column[Model], nameWidth int) string {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", gap
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()

	head := make(table.Row, len(columns))
	configs := make([]table.ColumnConfig, len(columns))
	for i, c := range columns {
		head[i] = c.title
		configs[i] = table.ColumnConfig{Number: i + 1, Align: text.AlignLeft}
		if c.right {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		if c.title == "model" {
			configs[i].WidthMax = nameWidth
			configs[i].WidthMaxEnforcer = func(s string, width int) string { return text.Snip(s, width, "…") }
		}
	}
	t.AppendHeader(head)
	t.SetColumnConfigs(configs)
	for _, m := range models {
		row := make(table.Row, len(columns))
		for i, c := range columns {
			row[i] = c.cell(m)
		}
		t.AppendRow(row)
	}
	return t.Render()
}

// colored is a model's standing in words and, where that is asked for, in the
// colour of the worst that can be said of it.
func colored(m Model, color bool) string {
	words := marked(looks[standing(m)].words, m)
	c, ok := alarms[worst(m)]
	if !ok {
		c, ok = colors[standing(m)]
	}
	if !ok || !color {
		return words
	}
	return c.EscapeSeq() + words + text.Reset.EscapeSeq()
}
