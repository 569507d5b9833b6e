package terminal

import (
	"slices"
	"strings"

	pretty "github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// minName is the smallest useful width of a model's name. Below it, other columns are
// left out first.
const minName = 16

// gap separates the columns.
const gap = "  "

// colors maps the report's colours to those of a terminal.
var colors = map[report.Color]text.Color{
	report.Red:    text.FgRed,
	report.Yellow: text.FgYellow,
	report.Green:  text.FgGreen,
	report.Cyan:   text.FgCyan,
}

// column is one column of the table. Only the column of names is cut to fit.
type column struct {
	title string
	right bool
	cell  func(report.Row) string
	name  bool
}

// table cuts the models' names so that no line is wider than the terminal. If the names
// become too short, it leaves columns out.
func table(rows []report.Row, r report.Report, o Options) string {
	choices := choices(rows, r, o)
	if o.Width == 0 {
		return draw(rows, choices[0], report.MaxName)
	}
	for _, columns := range choices {
		if nameWidth := o.Width - widthBeside(rows, columns); nameWidth >= minName {
			return draw(rows, columns, nameWidth)
		}
	}
	last := choices[len(choices)-1]
	return draw(rows, last[len(last)-1:], o.Width)
}

// choices returns the possible sets of columns, the widest first.
func choices(rows []report.Row, r report.Report, o Options) [][]column {
	name, node := report.Names(r.Models), report.NodeNames(r.Models)
	right := func(title string, cell func(report.Model) string) column {
		return column{title: title, right: true, cell: func(row report.Row) string { return cell(row.Model) }}
	}
	status := column{title: "status", cell: func(row report.Row) string { return colored(row.Model, o.Color) }}
	model := column{title: "model", cell: func(row report.Row) string { return named(row, name) }, name: true}
	fromTo := right(r.RowsTitle(style), func(m report.Model) string { return report.FromTo(m.Before, m.After) })
	change, time := right("change", report.ChangeWords), right("time", report.TimeWords)
	why := column{title: "why", cell: func(row report.Row) string {
		words := []string{report.CauseWords(r, row.Model, func(id string) string { return plain(node(id)) })}
		words = append(words, strings.Join(report.ColumnWords(row.Model, style), ", "), report.CarriedWords(row.Model))
		return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " · ")
	}}
	if r.Compares() {
		fromTo = right(fromTo.title, func(m report.Model) string { return report.FromTo(m.Baseline, m.After) })
		change = right("change", report.AgainstWords)
	}
	full := []column{status, model, fromTo, change}
	if r.Compares() && slices.ContainsFunc(rows, func(row report.Row) bool { return row.ThisRun() }) {
		full = append(full, right("this run", report.ThisRunWords))
	}
	if slices.ContainsFunc(rows, func(row report.Row) bool { return row.WroteMore() }) {
		full = append(full, right("written", report.WrittenWords))
	}
	list := [][]column{append(slices.Clone(full), time), full, {status, model, change}, {status, model}}
	if slices.ContainsFunc(rows, func(row report.Row) bool { return why.cell(row) != "" }) {
		most := append(slices.Clone(full), time, why)
		list = append([][]column{most, append(slices.Clone(full), why)}, list...)
	}
	return list
}

// named returns the display name of a row's models.
func named(row report.Row, name func(report.Model) string) string {
	text := plain(name(row.Model))
	if n := len(row.Others); n > 0 {
		text += " and " + tally.Number(n) + " more"
	}
	return text
}

// widthBeside returns the width of all columns except the names.
func widthBeside(rows []report.Row, columns []column) int {
	sum := 0
	for _, c := range columns {
		if c.name {
			continue
		}
		width := text.StringWidthWithoutEscSequences(c.title)
		for _, row := range rows {
			width = max(width, text.StringWidthWithoutEscSequences(c.cell(row)))
		}
		sum += width + len(gap)
	}
	return sum
}

func draw(rows []report.Row, columns []column, nameWidth int) string {
	t := newTable()
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
	for _, row := range rows {
		cells := make(pretty.Row, len(columns))
		for i, c := range columns {
			cells[i] = c.cell(row)
		}
		t.AppendRow(cells)
	}
	return t.Render()
}

// newTable returns a table without lines.
func newTable() pretty.Writer {
	t := pretty.NewWriter()
	style := pretty.StyleDefault
	style.Options = pretty.OptionsNoBordersAndSeparators
	style.Box.PaddingLeft, style.Box.PaddingRight = "", gap
	style.Format.Header = text.FormatDefault
	t.SetStyle(style)
	t.SuppressTrailingSpaces()
	return t
}

// colored returns a model's standing in words and, if requested, in the colour of its
// worst breach or of its standing.
func colored(m report.Model, color bool) string {
	words := report.Marked(report.LookOf(m.Standing()).Words, m)
	c, ok := colors[m.Color()]
	if !ok || !color {
		return words
	}
	return c.EscapeSeq() + words + text.Reset.EscapeSeq()
}
