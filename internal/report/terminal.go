package report

import (
	"fmt"
	"io"
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

// Terminal writes the report as text: the table of what changed and what failed,
// then how many models had nothing to tell. Failed nodes' messages are left to
// dbt, which printed them already.
func Terminal(w io.Writer, r Report, o TerminalOptions) error {
	var b strings.Builder
	fmt.Fprintf(&b, "dbt-tally: %s\n", headline(r))
	for _, p := range r.Audit.Problems {
		fmt.Fprintf(&b, "warning: %s\n", clean(p, maxProblem))
	}
	var shown []Model
	calm := map[tally.Status]int{}
	for _, m := range r.Models {
		if m.Status == tally.Failed || m.Status.Changed() {
			shown = append(shown, m)
			continue
		}
		calm[m.Status]++
	}
	if len(shown) > 0 {
		b.WriteString("\n" + terminalTable(shown, namesOf(r.Models), o) + "\n")
	}
	var rest []string
	for _, f := range folds {
		if n := calm[f.status]; n > 0 {
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

// terminalTable cuts the models' names so that no line is wider than the
// terminal; where that leaves too little of them, it leaves columns out.
func terminalTable(models []Model, name func(Model) string, o TerminalOptions) string {
	all := []column[Model]{
		{"status", false, func(m Model) string { return colored(m.Status, o.Color) }},
		{"model", false, func(m Model) string { return clean(name(m), maxName) }},
		{"before", true, func(m Model) string { return rows(m.Before) }},
		{"after", true, func(m Model) string { return rows(m.After) }},
		{"this run", true, change},
		{"time", true, took},
	}
	choices := [][]column[Model]{all, all[:5], {all[0], all[1], all[4]}, all[:2]}
	if o.Width == 0 {
		return draw(models, choices[0], maxName)
	}
	for _, columns := range choices {
		if room := o.Width - widthBeside(models, columns); room >= minName {
			return draw(models, columns, room)
		}
	}
	return draw(models, all[1:2], o.Width)
}

// widthBeside is the width of all columns but the names'.
func widthBeside(models []Model, columns []column[Model]) int {
	sum := 0
	for _, c := range columns {
		if c.title == "model" {
			continue
		}
		width := len(c.title)
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

func colored(s tally.Status, color bool) string {
	words := looks[s].words
	if c, ok := colors[s]; ok && color {
		return c.EscapeSeq() + words + text.Reset.EscapeSeq()
	}
	return words
}
