package terminal

import (
	"slices"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// minName is the width below which a model's name says little: other columns are
// left out first.
const minName = 16

// gap separates the columns.
const gap = "  "

// colors are the report's colours in a terminal.
var colors = map[report.Color]text.Color{
	report.Red:    text.FgRed,
	report.Yellow: text.FgYellow,
	report.Green:  text.FgGreen,
	report.Cyan:   text.FgCyan,
}

// column is one column of the table; the names' alone is cut to fit.
type column struct {
	title string
	right bool
	cell  func(report.Model) string
	name  bool
}

// table cuts the models' names so that no line is wider than the terminal; if that
// leaves too little of them, it leaves columns out.
func table(models []report.Model, r report.Report, o Options) string {
	var (
		name   = report.Names(r.Models)
		status = column{title: "status", cell: func(m report.Model) string { return colored(m, o.Color) }}
		model  = column{title: "model", cell: func(m report.Model) string { return plain(name(m)) }, name: true}
		before = column{title: "before", right: true, cell: func(m report.Model) string { return report.Rows(m.Before) }}
		after  = column{title: "after", right: true, cell: func(m report.Model) string { return report.Rows(m.After) }}
		run    = column{title: "this run", right: true, cell: report.ChangeWords}
		time   = column{title: "time", right: true, cell: report.TimeWords}
	)
	changes := []column{run}
	if r.Baseline != nil {
		changes = append(changes, column{title: againstTitle(r.Baseline), right: true, cell: report.AgainstWords})
	}
	full := append([]column{status, model, before, after}, changes...)
	choices := [][]column{
		append(slices.Clone(full), time),
		full,
		append([]column{status, model}, changes...),
		{status, model, changes[len(changes)-1]},
		{status, model},
	}
	if o.Width == 0 {
		return draw(models, choices[0], report.MaxName)
	}
	for _, columns := range choices {
		if room := o.Width - widthBeside(models, columns); room >= minName {
			return draw(models, columns, room)
		}
	}
	return draw(models, []column{model}, o.Width)
}

// widthBeside is the width of all columns but the names'.
func widthBeside(models []report.Model, columns []column) int {
	sum := 0
	for _, c := range columns {
		if c.name {
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

func draw(models []report.Model, columns []column, nameWidth int) string {
	t := pretty.NewWriter()
	style := pretty.StyleDefault
	style.Options = pretty.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", gap
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()

	head := make(pretty.Row, len(columns))
	configs := make([]pretty.ColumnConfig, len(columns))
	for i, c := range columns {
		head[i] = c.title
		configs[i] = pretty.ColumnConfig{Number: i + 1, Align: text.AlignLeft}
		if c.right {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		if c.name {
			configs[i].WidthMax = nameWidth
			configs[i].WidthMaxEnforcer = func(s string, width int) string { return text.Snip(s, width, "…") }
		}
	}
	t.AppendHeader(head)
	t.SetColumnConfigs(configs)
	for _, m := range models {
		row := make(pretty.Row, len(columns))
		for i, c := range columns {
			row[i] = c.cell(m)
		}
		t.AppendRow(row)
	}
	return t.Render()
}

// colored is a model's standing in words and, if that is asked for, in the colour
// of the worst that can be said of it.
func colored(m report.Model, color bool) string {
	words := report.Marked(report.LookOf(m.Standing()).Words, m)
	c, ok := colors[m.Color()]
	if !ok || !color {
		return words
	}
	return c.EscapeSeq() + words + text.Reset.EscapeSeq()
}
