package report

import (
	"cmp"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// breach is a gate and the model that breached it.
type breach struct {
	model Model
	gate  Gate
}

// breachesOf lists the breached gates, errors first, else in the order of the
// models.
func breachesOf(models []Model) []breach {
	var list []breach
	for _, m := range models {
		for _, g := range m.Gates {
			list = append(list, breach{m, g})
		}
	}
	slices.SortStableFunc(list, func(a, b breach) int {
		return cmp.Compare(severities[a.gate.Severity].rank, severities[b.gate.Severity].rank)
	})
	return list
}

// severities is how a breach is ranked and shown; "" is no breach.
var severities = map[tally.Severity]struct {
	rank       int
	icon, word string
}{
	tally.SeverityError: {0, "❌", "error"},
	tally.SeverityWarn:  {1, "⚠️", "warning"},
	"":                  {rank: 2},
}

// worst is the severity of the worst breach of a model, "" where it has none.
func worst(m Model) tally.Severity {
	var severity tally.Severity
	for _, g := range m.Gates {
		if severities[g.Severity].rank < severities[severity].rank {
			severity = g.Severity
		}
	}
	return severity
}

func gatesOf(breaches []tally.Breach) []Gate {
	gates := make([]Gate, 0, len(breaches))
	for _, b := range breaches {
		gates = append(gates, Gate(b))
	}
	return gates
}

// breachTable is the table that is read first.
func breachTable(r Report, c columns) section {
	return tableOf(breachesOf(r.Models), []column[breach]{
		{"", false, func(b breach) string { return severities[b.gate.Severity].icon }},
		{"model", false, func(b breach) string { return c.model.cell(b.model) }},
		{"gate", false, func(b breach) string { return code(b.gate.Gate) }},
		{"axis", false, func(b breach) string { return axis(b.gate, c.against.title) }},
		{"limit", true, func(b breach) string { return code(b.gate.Limit) }},
		{"value", true, func(b breach) string { return code(b.gate.Value) }},
	})
}

// axis names what a gate looked at as the columns do.
func axis(g Gate, against string) string {
	if g.Axis == tally.AxisBaseline {
		return against
	}
	return "this run"
}

// unchecked folds the models whose gates could not be checked.
func unchecked(models []Model, c columns) section {
	models = uncheckedOf(models)
	s := tableOf(models, []column[Model]{
		c.model,
		{"why", false, func(m Model) string { return prose(m.GatesUnchecked) }},
	})
	s.Title = uncheckedTitle(len(models))
	return s
}

func uncheckedOf(models []Model) []Model {
	return slices.DeleteFunc(slices.Clone(models), func(m Model) bool { return m.GatesUnchecked == "" })
}

func uncheckedTitle(n int) string { return "gates of " + plural(n, "model") + " not checked" }
