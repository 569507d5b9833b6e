package situation

import (
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Causes returns a pull request that edits a model and a seed while a source changed. There
// are models below the model; the source is unrelated to the others.
func Causes() report.Report {
	r := pullRequest()
	r.Status, r.ExitCode = report.Success, 3
	r.Audit.Statements = 34
	now := func(name string, was, rows int64) tally.Model {
		return Was(Model(name, tally.New, Unknown, rows, 1.2), was, 1.1)
	}
	view := func(name string) tally.Model {
		m := Because(Model(name, tally.NotCounted, Unknown, Unknown, 0.2), viewReason)
		m.Node.Materialized = "view"
		return m
	}
	seed := now("raw_payments", 113, 114)
	seed.Node.ID, seed.Node.ResourceType, seed.Node.Path = "seed.shop.raw_payments", "seed", "seeds/raw_payments.csv"
	orders := now("orders", 99, 67)
	orders.Columns.Removed = []tally.Column{{Name: "region", Type: "text"}}
	models := []tally.Model{
		breaching(orders, tally.Breach{
			Gate: "max-drop", Axis: tally.AxisBaseline, Limit: "20%", Value: "−32.3%", Severity: tally.SeverityError,
		}),
		seed, now("customers", 100, 98), now("web_events", 8_112, 8_001),
		now("dim_date", 3_653, 3_653), now("dim_region", 42, 42), now("dim_store", 12, 12),
		view("stg_customers"), view("stg_orders"), view("stg_payments"),
	}
	causes := map[string]tally.Cause{
		"model.shop.orders":      {Kind: tally.CauseEdited, Root: "model.shop.orders"},
		"seed.shop.raw_payments": {Kind: tally.CauseEdited, Root: "seed.shop.raw_payments"},
		"model.shop.web_events":  {Kind: tally.CauseData, Root: "model.shop.web_events"},
	}
	below := tally.Cause{Kind: tally.CauseDownstream, Of: "model.shop.orders", Root: "model.shop.orders"}
	causes["model.shop.customers"] = below
	for i := range int64(6) {
		m := now(fmt.Sprintf("customers_%c", 'a'+i), 100+i, 99+i)
		models, causes[m.Node.ID] = append(models, m), below
	}
	return Report(r, tally.Tally{
		BaselineRun: Main(), Models: models,
		Causes: tally.Causes{ByNode: causes, Removed: []string{"model.shop.legacy_orders", "source.shop.app.clicks"}}, Drift: &tally.Drift{Models: 4, Moved: 1, Median: 0.0137},
	})
}

// Unchecked returns a run whose gates could not be checked, because auditing failed.
func Unchecked() report.Report {
	r := pullRequest()
	r.Status, r.ExitCode = report.Success, 3
	r.Audit = report.Audit{Problems: []string{"cannot create the audit table: permission denied for schema dbt_audit"}}
	reason := "auditing did not work"
	r.GatesUnchecked = []string{"the gates of 2 models could not be checked: " + reason}
	var models []tally.Model
	for _, name := range []string{"orders", "customers"} {
		m := Because(Model(name, tally.NoAuditRow, Unknown, Unknown, 0.4), reason)
		m.Unchecked = reason
		models = append(models, m)
	}
	return Report(r, tally.Tally{Models: models})
}
