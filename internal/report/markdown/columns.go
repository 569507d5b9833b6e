package markdown

import (
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// style makes untrusted text safe in Markdown.
var style = report.Style{Name: code, Prose: prose}

// Links are the pages to which a text links. They are trusted. "" means no link.
type Links struct {
	Run    string // the page of the CI run
	Report string // the report.html, if it is published
	// File returns the address of a file in the pull request's changes; nil: there is none.
	File func(name string) string
}

// file returns the address of a file in the pull request's changes.
func (l Links) file(name string) string {
	if l.File == nil || name == "" {
		return ""
	}
	return l.File(name)
}

// columns are the columns of the tables of models.
type columns struct {
	report report.Report
	links  Links
	name   func(report.Model) string
	node   func(id string) string // the node's display name, as code
}

func newColumns(r report.Report, links Links) columns {
	node := report.NodeNames(r.Models)
	return columns{
		report: r, links: links, name: report.Names(r.Models),
		node: func(id string) string { return code(node(id)) },
	}
}

// changes returns the columns for models that differ, without empty ones.
func (c columns) changes(rows []report.Row) []column[report.Row] {
	list := []column[report.Row]{
		{"", false, func(row report.Row) string { return row.Sign() }},
		{"model", false, c.model},
		{c.report.RowsTitle(style), true, c.fromTo},
		{"change", true, c.change},
	}
	if c.report.Compares() && slices.ContainsFunc(rows, func(row report.Row) bool { return row.ThisRun() }) {
		thisRun := func(row report.Row) string { return report.ThisRunWords(row.Model) }
		list = append(list, column[report.Row]{"this run", true, thisRun})
	}
	if slices.ContainsFunc(rows, func(row report.Row) bool { return row.WroteMore() }) {
		written := func(row report.Row) string { return report.WrittenWords(row.Model) }
		list = append(list, column[report.Row]{"written", true, written})
	}
	if slices.ContainsFunc(rows, func(row report.Row) bool { return c.why(row) != "" }) {
		list = append(list, column[report.Row]{"why", false, c.why})
	}
	return list
}

// everything adds the time to the changes and, if it is requested and known for any
// model, the trend.
func (c columns) everything(rows []report.Row, trends bool) []column[report.Row] {
	list := c.changes(rows)
	extra := []column[report.Row]{{"time", true, func(row report.Row) string { return report.TimeWords(row.Model) }}}
	if trends && slices.ContainsFunc(rows, func(row report.Row) bool { return trend(row.Model) != "" }) {
		extra = append(extra, column[report.Row]{"trend", false, func(row report.Row) string { return trend(row.Model) }})
	}
	if list[len(list)-1].title != "why" {
		return append(list, extra...)
	}
	return slices.Insert(list, len(list)-1, extra...)
}

// calm returns the columns for models that need no attention.
func (c columns) calm(times bool) []column[report.Model] {
	list := []column[report.Model]{
		{"model", false, func(m report.Model) string { return code(c.name(m)) }},
		{"rows", true, func(m report.Model) string { return report.Rows(m.After) }},
	}
	if times {
		list = append(list, column[report.Model]{"time", true, report.TimeWords})
	}
	return append(list, column[report.Model]{"", false, c.status})
}

// model names a model. If its file was edited, the name links to the file.
func (c columns) model(row report.Row) string {
	text := report.Marked(c.linked(row.Model), row.Model)
	if n := len(row.Others); n > 0 {
		text += " and " + tally.Number(n) + " more"
	}
	return text
}

func (c columns) linked(m report.Model) string {
	text := code(c.name(m))
	if m.Cause == nil || m.Cause.Kind != tally.CauseEdited || c.links.file(m.File) == "" {
		return text
	}
	return "[" + text + "](" + c.links.file(m.File) + ")"
}

func (c columns) fromTo(row report.Row) string {
	if !c.report.Compares() {
		return report.FromTo(row.Before, row.After)
	}
	return report.FromTo(row.Baseline, row.After)
}

// change returns the change against the baseline if there is one, otherwise in this run.
// The number of a problem is bold.
func (c columns) change(row report.Row) string {
	words := report.ChangeWords(row.Model)
	if c.report.Compares() {
		words = report.AgainstWords(row.Model)
	}
	number, rest, _ := strings.Cut(words, " ")
	if changed := strings.ContainsAny(number, "0123456789"); changed &&
		(len(row.Gates) > 0 || report.LookOf(row.Standing()).Bold) {
		return strings.TrimSpace("**" + number + "** " + rest)
	}
	return words
}

// why returns the problem, the cause, and the reason of a status that needs one.
func (c columns) why(row report.Row) string {
	parts := report.GateWords(row.Model, style)
	cause := c.cause(row)
	if cause != "" {
		parts = append(parts, cause)
	}
	if words := report.ColumnWords(row.Model, style); len(words) > 0 {
		parts = append(parts, strings.Join(words, ", "))
	}
	if fanOut := report.FanOutWords(row.Model, c.node); fanOut != "" {
		parts = append(parts, fanOut)
	}
	if words := report.CarriedWords(row.Model); words != "" {
		parts = append(parts, words)
	}
	if standing := row.Standing(); report.LookOf(standing).Reason && (cause == "" || standing != tally.NotCounted) {
		parts = append(parts, prose(row.Reason))
	}
	return strings.Join(parts, " · ")
}

// cause returns why a model differs. Models that share a row share their root cause.
func (c columns) cause(row report.Row) string {
	m := row.Model
	if len(row.Others) > 0 && m.Cause != nil && m.Cause.Root != m.NodeID {
		cause := *m.Cause
		cause.Of, m.Cause = cause.Root, &cause
	}
	return report.CauseWords(c.report, m, c.node)
}

// status returns why a model has no number of rows, or that nothing happened.
func (c columns) status(m report.Model) string {
	look := report.LookOf(m.Standing())
	words := look.Words
	if look.Reason {
		words = prose(m.Reason)
	}
	if cause := report.CauseWords(c.report, m, c.node); cause != "" {
		words += " · " + cause
	}
	if m.WroteMore() {
		words += " · " + report.WrittenWords(m)
	}
	if carried := report.CarriedWords(m); carried != "" {
		words += " · " + carried
	}
	if m.GatesUnchecked != "" && m.GatesUnchecked != m.Reason {
		words += " · gates not checked: " + prose(m.GatesUnchecked)
	}
	return words
}
