package terminal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/terminal"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestHistory(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	var past tally.History
	for day := range 40 {
		id, at := string(rune('A'+day)), now.AddDate(0, 0, -day)
		past.Runs = append(past.Runs, tally.Run{
			ID: id, CompletedAt: at, Branch: "main", Commit: "1a2b3c4d5e6f", URL: "https://github.com/o/r/actions/runs/" + id,
		})
		for i, name := range []string{"fct_orders", "dim_\u202ecustomers"} {
			rows := int64(1000*(i+1) + (40-day)*i*7)
			row := tally.Row{
				Invocation: id, NodeID: "model.shop." + name, Relation: `"prod"."` + name + `"`, Phase: tally.Before,
				Time: at.Add(-90 * time.Second), Count: new(rows - 7),
			}
			past.Rows = append(past.Rows, row)
			row.Phase, row.Time, row.Count = tally.After, at, &rows
			row.Written = tally.Written{
				Inserted: new(int64(12)), Updated: new(int64(3)), Deleted: new(int64(5)), Source: tally.FromEngine,
			}
			if i > 0 {
				row.Written = tally.Written{Changed: new(int64(15)), Source: tally.FromColumn}
			}
			past.Rows = append(past.Rows, row)
		}
	}
	h := report.NewHistory(report.History{GeneratedAt: now}, past.Runs, past.Trends())
	var all, runs strings.Builder
	if err := terminal.WriteHistory(&all, h); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/history.golden.txt", all.String())
	h.Models[0].Runs = h.Models[0].Runs[37:]
	h.Models[1].Runs = h.Models[1].Runs[38:]
	if err := terminal.WriteRuns(&runs, h); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/runs.golden.txt", runs.String())
}
