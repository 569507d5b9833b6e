package report

import (
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// main2h is main's last run, two hours before.
func main2h() *tally.Run {
	return &tally.Run{
		ID: "5c3b8a1e-0d7f-4f0e-8f3c-1b2a3c4d5e6f", CompletedAt: run().GeneratedAt.Add(-2*time.Hour - 5*time.Minute),
		Branch: "main", Commit: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", URL: "https://github.com/octo/shop/actions/runs/7",
	}
}

// was adds what the baseline knows of a model.
func was(m tally.Model, rows int64, seconds float64) tally.Model {
	m.Baseline, m.BaselineSeconds, m.History = &rows, &seconds, []int64{rows, *m.After}
	return m
}

func newThere(m tally.Model) tally.Model {
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

// pullRequest is a run in a schema of its own, with a baseline.
func pullRequest() Run {
	r := run()
	r.Target = Target{Name: "ci", Type: "postgres", Database: "shop", Schema: "pr_12"}
	r.BaselineMaxAge = 7 * 24 * time.Hour
	return r
}

// againstMain is the first run of a pull request: nothing was there before, so
// only main tells what is new.
func againstMain() Report {
	return made(pullRequest(), tally.Tally{BaselineRun: main2h(), Models: []tally.Model{
		was(model("stg_orders", tally.New, none, 99_204, 12.4), 98_000, 11.9),
		was(model("fct_orders", tally.New, none, 98_201, 720), 120_340, 240),
		was(model("fct_refunds", tally.New, none, 0, 0.9), 311, 0.8),
		newThere(model("dim_region", tally.New, none, 42, 0.6)),
		was(model("dim_a", tally.New, none, 1_000, 0.4), 1_000, 0.5),
		was(model("dim_b", tally.New, none, 1_000, 0.4), 1_000, 0.5),
		was(model("dim_none", tally.New, none, 0, 0.4), 0, 0.5),
		because(model("stg_events", tally.NotCounted, none, none, 0.2), viewReason),
	}})
}

// stale is the second run of a pull request, against an old run whose branch and
// page nobody wrote down.
func stale() Report {
	old := main2h()
	old.CompletedAt = old.CompletedAt.Add(-9 * 24 * time.Hour)
	old.Branch, old.Commit, old.URL = "", "", ""
	return made(pullRequest(), tally.Tally{BaselineRun: old, Models: []tally.Model{
		was(model("fct_orders", tally.Unchanged, 98_201, 98_201, 20), 98_201, 20),
		was(model("stg_orders", tally.Empty, 0, 0, 1), 0, 1),
	}})
}

func breachedGates() Report {
	r := pullRequest()
	r.Status, r.ExitCode = Failed, 3
	drop := tally.Breach{Gate: "max-drop", Axis: tally.AxisBaseline, Limit: "5%", Value: "−18.4 %", Severity: tally.SeverityError}
	few := tally.Breach{Gate: "min-rows", Axis: tally.AxisRun, Limit: "100", Value: "42", Severity: tally.SeverityWarn}
	failing := because(model("fct_daily", tally.Failed, none, none, 0.3), "some of its batches failed")
	failing.Unchecked = "it failed"
	skipped := because(model("fct_weekly", tally.Skipped, none, none, 0), "dbt skipped it, most often because something upstream failed")
	skipped.Unchecked = "it was skipped"
	r.Failures = []Failure{{NodeID: failing.Node.ID, Kind: "model", Path: failing.Node.Path, Message: "out of memory"}}
	return made(r, tally.Tally{BaselineRun: main2h(), Models: []tally.Model{
		breaching(newThere(model("dim_region", tally.Unchanged, 42, 42, 0.6)), few),
		failing, skipped,
		breaching(was(model("fct_orders", tally.Unchanged, 98_201, 98_201, 130.2), 120_340, 128),
			drop, tally.Breach{Gate: "max-rows", Axis: tally.AxisRun, Limit: "90,000", Value: "98,201", Severity: tally.SeverityWarn}),
		was(model("stg_orders", tally.Grew, 98_000, 99_204, 12.4), 99_204, 12.1),
	}})
}

func warned() Report {
	return made(run(), tally.Tally{Models: []tally.Model{
		breaching(model("fct_orders", tally.Shrank, 120_340, 98_201, 130.2),
			tally.Breach{Gate: "max-drop", Axis: tally.AxisRun, Limit: "5%", Value: "−18.4 %", Severity: tally.SeverityWarn}),
		model("stg_orders", tally.Unchanged, 10, 10, 1),
	}})
}

// nightly is a run of main that is compared with the ones before.
func nightly() Report {
	earlier := main2h()
	earlier.CompletedAt = run().GeneratedAt.Add(-24 * time.Hour)
	orders := was(model("fct_orders", tally.Shrank, 120_340, 98_201, 130.2), 120_340, 128)
	orders.History = []int64{110_120, 111_940, 113_004, 114_870, 116_101, 117_090, 118_811, 120_340, 98_201}
	orders.Unusual = true
	payments := was(model("stg_payments", tally.Grew, 8_001, 8_112, 2.1), 8_001, 2)
	payments.History = []int64{8_001, 8_001, 8_112}
	static := was(model("dim_date", tally.Unchanged, 3_653, 3_653, 0.4), 3_653, 0.4)
	stuck := was(model("stg_clicks", tally.Unchanged, 5_000, 5_000, 0.4), 5_000, 0.4)
	stuck.Unusual = true
	return made(run(), tally.Tally{BaselineRun: earlier, Models: []tally.Model{payments, static, orders, stuck}})
}
