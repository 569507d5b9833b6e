package situation

import (
	"time"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Main returns the last run of main, two hours before.
func Main() *tally.Run {
	return &tally.Run{
		ID: "5c3b8a1e-0d7f-4f0e-8f3c-1b2a3c4d5e6f", CompletedAt: Run().GeneratedAt.Add(-2*time.Hour - 5*time.Minute),
		Branch: "main", Commit: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
		URL: "https://github.com/octo/shop/actions/runs/7",
	}
}

// Was adds a model's counts in the baseline.
func Was(m tally.Model, rows int64, seconds float64) tally.Model {
	m.Baseline, m.BaselineSeconds, m.History = &rows, &seconds, []int64{rows, *m.After}
	return m
}

// NewThere marks a model that no earlier run built.
func NewThere(m tally.Model) tally.Model {
	m.BaselineNew = true
	return m
}

func breaching(m tally.Model, breaches ...tally.Breach) tally.Model {
	for i := range breaches {
		breaches[i].NodeID = m.Node.ID
	}
	m.Breaches = breaches
	return m
}

// pullRequest returns a run in a separate schema, with a baseline.
func pullRequest() report.Input {
	r := Run()
	r.Target = report.Target{Name: "ci", Type: "postgres", Database: "shop", Schema: "pr_12"}
	r.Branch = "feature"
	r.BaselineMaxAge = 7 * 24 * time.Hour
	return r
}

// AgainstMain returns the first run of a pull request: its schema was empty, so only the
// comparison with main shows which models are new.
func AgainstMain() report.Report {
	return Report(pullRequest(), tally.Tally{BaselineRun: Main(), Models: []tally.Model{
		Was(Model("stg_orders", tally.New, Unknown, 99_204, 12.4), 98_000, 11.9),
		Was(Model("fct_orders", tally.New, Unknown, 98_201, 720), 120_340, 240),
		Was(Model("fct_refunds", tally.New, Unknown, 0, 0.9), 311, 0.8),
		NewThere(Model("dim_region", tally.New, Unknown, 42, 0.6)),
		Was(Model("dim_a", tally.New, Unknown, 1_000, 0.4), 1_000, 0.5),
		Was(Model("dim_b", tally.New, Unknown, 1_000, 0.4), 1_000, 0.5),
		Was(Model("dim_none", tally.New, Unknown, 0, 0.4), 0, 0.5),
		Because(Model("stg_events", tally.NotCounted, Unknown, Unknown, 0.2), viewReason),
	}})
}

// Stale returns the second run of a pull request, compared with an old run whose branch and
// page are unknown.
func Stale() report.Report {
	old := Main()
	old.CompletedAt = old.CompletedAt.Add(-9 * 24 * time.Hour)
	old.Branch, old.Commit, old.URL = "", "", ""
	return Report(pullRequest(), tally.Tally{BaselineRun: old, Models: []tally.Model{
		Was(Model("fct_orders", tally.Unchanged, 98_201, 98_201, 20), 98_201, 20),
		Was(Model("stg_orders", tally.Empty, 0, 0, 1), 0, 1),
	}})
}

// Breached returns a run with breached gates of both severities.
func Breached() report.Report {
	r := pullRequest()
	r.Status, r.ExitCode = report.Failed, 3
	drop := tally.Breach{
		Gate: "max-drop", Axis: tally.AxisBaseline, Limit: "5%", Value: "−18.4%", Severity: tally.SeverityError,
	}
	many := tally.Breach{
		Gate: "max-rows", Axis: tally.AxisBefore, Limit: "90,000", Value: "98,201", Severity: tally.SeverityWarn,
	}
	few := tally.Breach{Gate: "min-rows", Axis: tally.AxisBefore, Limit: "100", Value: "42", Severity: tally.SeverityWarn}
	failing := Because(Model("fct_daily", tally.Failed, Unknown, Unknown, 0.3), "some of its batches failed")
	failing.Unchecked = "it failed"
	skipped := Because(Model("fct_weekly", tally.Skipped, Unknown, Unknown, 0), skipReason)
	skipped.Unchecked = "it was skipped"
	r.Failures = []report.Failure{{
		NodeID: failing.Node.ID, Kind: "model", Path: failing.Node.Path, Message: "out of memory",
	}}
	return Report(r, tally.Tally{BaselineRun: Main(), Models: []tally.Model{
		breaching(NewThere(Model("dim_region", tally.Unchanged, 42, 42, 0.6)), few),
		failing, skipped,
		breaching(Was(Model("fct_orders", tally.Unchanged, 98_201, 98_201, 130.2), 120_340, 128),
			drop, many),
		Was(Model("stg_orders", tally.Grew, 98_000, 99_204, 12.4), 99_204, 12.1),
	}})
}

// Warned returns a run in which only a gate of severity warn was breached.
func Warned() report.Report {
	return Report(Run(), tally.Tally{Models: []tally.Model{
		breaching(Model("fct_orders", tally.Shrank, 120_340, 98_201, 130.2),
			tally.Breach{Gate: "max-drop", Axis: tally.AxisBefore, Limit: "5%", Value: "−18.4%", Severity: tally.SeverityWarn}),
		Model("stg_orders", tally.Unchanged, 10, 10, 1),
	}})
}

// Nightly returns a run of main that is compared with earlier ones.
func Nightly() report.Report {
	earlier := Main()
	earlier.CompletedAt = Run().GeneratedAt.Add(-24 * time.Hour)
	scheduled := Run()
	scheduled.Branch = "main"
	orders := Was(Model("fct_orders", tally.Shrank, 120_340, 98_201, 130.2), 120_340, 128)
	orders.History = []int64{110_120, 111_940, 113_004, 114_870, 116_101, 117_090, 118_811, 120_340, 98_201}
	orders.Unusual = true
	since := earlier.CompletedAt.Add(-7 * 24 * time.Hour)
	orders.HistorySince = &since
	payments := Was(Model("stg_payments", tally.Grew, 8_001, 8_112, 2.1), 8_001, 2)
	payments.History = []int64{8_001, 8_001, 8_112}
	static := Was(Model("dim_date", tally.Unchanged, 3_653, 3_653, 0.4), 3_653, 0.4)
	stuck := Was(Model("stg_clicks", tally.Unchanged, 5_000, 5_000, 0.4), 5_000, 0.4)
	stuck.Unusual = true
	return Report(scheduled, tally.Tally{BaselineRun: earlier, Models: []tally.Model{payments, static, orders, stuck}})
}
