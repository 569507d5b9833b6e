package html

import (
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// column is a column between the model's name and why.
type column struct {
	title string
	cell  func(report.Model) string
}

// columnsOf returns the columns that have a value for at least one model.
func columnsOf(r report.Report) []column {
	list := []column{
		{r.RowsTitle(style), func(m report.Model) string { return report.FromTo(m.Before, m.After) }},
		{"change", report.ChangeWords},
		{"written", report.WrittenWords},
		{"time", report.TimeWords},
	}
	if r.Compares() {
		list[0].cell = func(m report.Model) string { return report.FromTo(m.Baseline, m.After) }
		list[1].cell = report.AgainstWords
		if slices.ContainsFunc(r.Models, report.Model.ThisRun) {
			list = slices.Insert(list, 2, column{"this run", report.ThisRunWords})
		}
	}
	return slices.DeleteFunc(list, func(c column) bool {
		return !slices.ContainsFunc(r.Models, func(m report.Model) bool {
			text := c.cell(m)
			return text != "" && text != report.Nothing
		})
	})
}

// reportTable returns the titles of the columns and the rows of all models.
func reportTable(r report.Report) (titles []string, rows []row) {
	columns := columnsOf(r)
	for _, c := range columns {
		titles = append(titles, c.title)
	}
	names, nodes := report.Names(r.Models), report.NodeNames(r.Models)
	node := func(id string) string { return name(nodes(id)) }
	for i, m := range r.Models {
		cause := report.CauseWords(r, m, node)
		made := row{
			Index: i, Sign: m.Sign(), Name: name(names(m)),
			Why: strings.Join(why(m, cause, node), " · "), Spark: spark(m.Trend.Points, m.After),
		}
		for _, c := range columns {
			made.Cells = append(made.Cells, c.cell(m))
		}
		made.about = about{
			id: m.NodeID, relation: name(m.Relation), file: name(m.File), path: name(m.Path),
			status: report.LookOf(m.Standing()).Words, rows: m.After, trend: m.Trend, written: m.Written,
			notes: notes(m, cause, node),
		}
		if m.Cause != nil {
			made.about.cause = string(m.Cause.Kind)
		}
		rows = append(rows, made)
	}
	return titles, rows
}

// why returns the problem, the cause, and the reason of a status that needs one.
func why(m report.Model, cause string, node func(id string) string) []string {
	parts := report.GateWords(m, style)
	for _, part := range []string{
		cause, strings.Join(report.ColumnWords(m, style), ", "), report.FanOutWords(m, node), report.CarriedWords(m),
	} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	if standing := m.Standing(); report.LookOf(standing).Reason && standing != tally.NotCounted {
		parts = append(parts, name(m.Reason))
	}
	if m.Unusual {
		parts = append(parts, "unusual")
	}
	return parts
}

// notes returns the sentences of the model's panel.
func notes(m report.Model, cause string, node func(id string) string) []string {
	list := report.GateWords(m, style)
	add := func(intro, text string) {
		if text != "" {
			list = append(list, intro+text)
		}
	}
	add("", cause)
	add("status: "+report.LookOf(m.Status).Words+"; ", name(m.Reason))
	add("columns: ", strings.Join(report.ColumnWords(m, style), ", "))
	add("", report.FanOutWords(m, node))
	if m.Unusual {
		add("", "the change is far outside of the model's own history")
	}
	if words := report.CarriedWords(m); words != "" {
		add(words, ": PostgreSQL's statistics show no change by another session since the last run")
	}
	add("gates not checked: ", name(m.GatesUnchecked))
	if m.Written != nil {
		add("written: ", report.WrittenWords(m))
		add("written: ", name(m.Written.Reason))
	}
	if m.Cause != nil && len(m.Parents) > 0 && len(m.Parents) <= causeModels {
		var parents []string
		for _, id := range m.Parents {
			parents = append(parents, node(id))
		}
		add("reads ", report.List(parents))
	}
	return list
}
