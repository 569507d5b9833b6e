package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// columns are the columns that tables of models are made of.
type columns struct {
	icon, model, marked, before, after, run, against, trend, rows, time, why column[Model]

	compared bool // there is a baseline, so that against has something to say
}

func newColumns(r Report) columns {
	name := namesOf(r.Models)
	c := columns{
		icon:     column[Model]{"", false, icon},
		model:    column[Model]{"model", false, func(m Model) string { return code(name(m)) }},
		before:   column[Model]{"before", true, func(m Model) string { return rows(m.Before) }},
		after:    column[Model]{"after", true, func(m Model) string { return rows(m.After) }},
		run:      column[Model]{"this run", true, emphasised},
		against:  column[Model]{"", true, against},
		trend:    column[Model]{"trend", false, trend},
		rows:     column[Model]{"rows", true, func(m Model) string { return rows(m.After) }},
		time:     column[Model]{"time", true, took},
		why:      column[Model]{"why", false, why},
		compared: r.Baseline != nil,
	}
	c.marked = column[Model]{"model", false, func(m Model) string { return marked(c.model.cell(m), m) }}
	if c.compared {
		c.against.title = "against " + branch(r.Baseline)
	}
	return c
}

// changes are the columns of what happened, on both axes where there are two.
func (c columns) changes() []column[Model] {
	list := []column[Model]{c.icon, c.marked, c.before, c.after, c.run}
	if c.compared {
		list = append(list, c.against)
	}
	return list
}

// everything adds to the changes the time, the reason and, where it is asked for
// and any is known, the trend.
func (c columns) everything(models []Model, trends bool) []column[Model] {
	list := c.changes()
	if trends && slices.ContainsFunc(models, func(m Model) bool { return trend(m) != "" }) {
		list = append(list, c.trend)
	}
	return append(list, c.time, c.why)
}

func (c columns) counts() []column[Model]  { return []column[Model]{c.model, c.rows} }
func (c columns) reasons() []column[Model] { return []column[Model]{c.model, c.why} }

func emphasised(m Model) string {
	if m.Status == tally.Emptied {
		return "**" + change(m) + "**"
	}
	return change(m)
}

// icon is the sign of the worst that can be said of a model.
func icon(m Model) string {
	return cmp.Or(severities[worst(m)].icon, looks[standing(m)].icon)
}

// marked adds to what is shown of a model that its change is unusual.
func marked(text string, m Model) string {
	if m.Unusual {
		return text + ", unusual"
	}
	return text
}

// took is the time of a model and, where it is another by a second and by a fifth
// or more, the time that its baseline took.
func took(m Model) string {
	if m.Seconds == 0 {
		return nothing
	}
	if m.BaselineSeconds == nil || math.Abs(m.Seconds-*m.BaselineSeconds) < max(1, *m.BaselineSeconds/5) {
		return duration(m.Seconds)
	}
	return duration(m.Seconds) + ", was " + duration(*m.BaselineSeconds)
}

// why gives the reason of a status that does not speak for itself.
func why(m Model) string {
	switch m.Status {
	case tally.Failed, tally.NoAuditRow, tally.Skipped, tally.Reused, tally.NotCounted:
		return prose(m.Reason)
	default:
		return ""
	}
}

// namesOf names models by their names, and where several bear the same name
// (in two packages, or as versions) by what tells them apart in their unique_id.
func namesOf(models []Model) func(Model) string {
	bearers := map[string]int{}
	for _, m := range models {
		bearers[m.Name]++
	}
	return func(m Model) string {
		_, qualified, ok := strings.Cut(m.NodeID, ".")
		if bearers[m.Name] > 1 && ok {
			return qualified
		}
		return m.Name
	}
}
