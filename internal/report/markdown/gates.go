package markdown

import "github.com/dbt-tally/dbt-tally/internal/report"

// breachTable is the table that is read first.
func breachTable(r report.Report, c columns) section {
	return tableOf(report.Breaches(r.Models), []column[report.Breach]{
		{"", false, func(b report.Breach) string { return report.AlarmOf(b.Gate).Sign }},
		{"model", false, func(b report.Breach) string { return c.model.cell(b.Model) }},
		{"gate", false, func(b report.Breach) string { return code(b.Gate.Gate) }},
		{"axis", false, func(b report.Breach) string { return report.AxisWords(b.Gate, c.against.title) }},
		{"limit", true, func(b report.Breach) string { return code(b.Gate.Limit) }},
		{"value", true, func(b report.Breach) string { return code(b.Gate.Value) }},
	})
}

// unchecked folds the models whose gates were not checked.
func unchecked(models []report.Model, c columns) section {
	models = report.Unchecked(models)
	s := tableOf(models, []column[report.Model]{
		c.model,
		{"why", false, func(m report.Model) string { return prose(m.GatesUnchecked) }},
	})
	s.Title = report.UncheckedTitle(len(models))
	return s
}
