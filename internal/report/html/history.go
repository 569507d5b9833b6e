package html

import (
	"time"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func historyPage(h report.History) page {
	of := "every branch"
	if h.Branch != "" {
		of = "branch " + name(h.Branch)
	}
	p := page{
		Title:    "dbt-tally · history",
		Mood:     "fine",
		Headline: "The rows of " + report.Plural(len(h.Models), "model") + " over " + report.Plural(len(h.Runs), "run"),
		Facts: []link{
			{Text: of},
			{Text: "target " + name(h.Target)},
			{Text: "since " + h.Since.UTC().Format(time.DateOnly)},
			{Text: h.GeneratedAt.UTC().Format("2006-01-02 15:04 UTC")},
		},
		Measured: []fact{{"audit table", name(h.Table)}},
		table: table{
			Caption: "Models", Noun: "models", Columns: []string{"rows", "7 days", "30 days"}, Last: "last build",
			runs: h.Runs,
		},
	}
	for i, m := range h.Models {
		made := row{
			Index: i, Name: name(m.Name), Spark: spark(m.Points, nil),
			Cells: []string{
				tally.Number(m.Rows), report.Signed(m.Week), report.Signed(m.Month),
			},
			Why: m.BuiltAt.Format("2006-01-02 15:04"),
		}
		made.about = about{
			id: m.NodeID, relation: name(m.Relation), trend: report.Trend{Points: m.Points},
		}
		p.Rows = append(p.Rows, made)
	}
	return p
}
