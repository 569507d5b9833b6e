package markdown

import (
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// columns are the columns that tables of models are made of.
type columns struct {
	sign, model, marked, before, after, run, against, trend, rows, time, why column[report.Model]

	compared bool // there is a baseline, so that against has something to say
}

func newColumns(r report.Report) columns {
	name := report.Names(r.Models)
	before := func(m report.Model) string { return report.Rows(m.Before) }
	after := func(m report.Model) string { return report.Rows(m.After) }
	c := columns{
		sign:     column[report.Model]{"", false, report.Model.Sign},
		model:    column[report.Model]{"model", false, func(m report.Model) string { return code(name(m)) }},
		before:   column[report.Model]{"before", true, before},
		after:    column[report.Model]{"after", true, after},
		run:      column[report.Model]{"this run", true, change},
		against:  column[report.Model]{"", true, report.AgainstWords},
		trend:    column[report.Model]{"trend", false, trend},
		rows:     column[report.Model]{"rows", true, after},
		time:     column[report.Model]{"time", true, report.TimeWords},
		why:      column[report.Model]{"why", false, why},
		compared: r.Baseline != nil,
	}
	c.marked = column[report.Model]{"model", false, func(m report.Model) string {
		return report.Marked(c.model.cell(m), m)
	}}
	if c.compared {
		c.against.title = "against " + r.Baseline.Name(prose)
	}
	return c
}

// changes are the columns of what happened, on both axes if there are two.
func (c columns) changes() []column[report.Model] {
	list := []column[report.Model]{c.sign, c.marked, c.before, c.after, c.run}
	if c.compared {
		list = append(list, c.against)
	}
	return list
}

// everything adds to the changes the time, the reason and, if it is asked for and
// any is known, the trend.
func (c columns) everything(models []report.Model, trends bool) []column[report.Model] {
	list := c.changes()
	if trends && slices.ContainsFunc(models, func(m report.Model) bool { return trend(m) != "" }) {
		list = append(list, c.trend)
	}
	return append(list, c.time, c.why)
}

// folded are the columns of the models that need no attention.
func (c columns) folded(look report.Look) []column[report.Model] {
	if look.Reason {
		return []column[report.Model]{c.model, c.why}
	}
	return []column[report.Model]{c.model, c.rows}
}

func change(m report.Model) string {
	if report.LookOf(m.Status).Bold {
		return "**" + report.ChangeWords(m) + "**"
	}
	return report.ChangeWords(m)
}

// why is the reason of a status that needs one.
func why(m report.Model) string {
	if !report.LookOf(m.Status).Reason {
		return ""
	}
	return prose(m.Reason)
}
