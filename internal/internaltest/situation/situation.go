// Package situation contains the reports for which every surface has a golden file, and
// functions to build others. It does not render them.
package situation

import (
	"fmt"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// All returns the situations by the names of their golden files.
func All() map[string]report.Report {
	return map[string]report.Report{
		"changed":      Changed(),
		"unchanged":    Unchanged(),
		"first-build":  FirstBuild(),
		"failed":       Failed(),
		"not-started":  NotStarted(),
		"unaudited":    Unaudited(),
		"interrupted":  Interrupted(),
		"nothing-ran":  NothingRan(),
		"hostile":      Hostile(Attack),
		"commands":     Commands(),
		"baseline":     AgainstMain(),
		"stale":        Stale(),
		"breached":     Breached(),
		"warned":       Warned(),
		"nightly":      Nightly(),
		"causes":       Causes(),
		"not-compiled": NotCompiled(),
		"unchecked":    Unchecked(),
		"incremental":  Incremental(),
		"dbt-cloud":    InDBTCloud(),
	}
}

// Noon is when every run starts.
var Noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Unknown as an argument of Model is an unknown count.
const Unknown = -1

// Model returns a table with its rows before and after.
func Model(name string, status tally.Status, before, after int64, seconds float64) tally.Model {
	m := tally.Model{
		Node: tally.Node{
			ID: "model.shop." + name, Name: name, ResourceType: "model", Package: "shop",
			Path: "models/" + name + ".sql", Relation: `"shop"."main"."` + name + `"`, Materialized: "table",
		},
		Status:  status,
		Seconds: seconds,
	}
	if before != Unknown {
		m.Before = &before
	}
	if after != Unknown {
		m.After = &after
	}
	return m
}

// Because sets the reason of a model's status.
func Because(m tally.Model, reason string) tally.Model {
	m.Reason = reason
	return m
}

const (
	viewReason = "a view: counting it would run its query (set count-views to count it)"
	skipReason = "dbt skipped it, usually because a node upstream failed"
)

// Run returns the data of a run that are not in its tally.
func Run() report.Input {
	return report.Input{
		GeneratedAt:  Noon.Add(4 * time.Minute),
		TallyVersion: "0.1.0",
		Status:       report.Success,
		Invocations:  []report.Invocation{invocation("dbt build --select state:modified+", 0, 192*time.Second)},
		Target:       report.Target{Name: "prod", Type: "postgres", Database: "shop", Schema: "analytics"},
		Audit:        report.Audit{Table: `"dbt_audit"."dbt_audit_log"`, Statements: 28, Seconds: new(1.8)},
	}
}

// Report calls report.New with the project in the directory shop of the repository.
func Report(r report.Input, t tally.Tally) report.Report {
	r.Files = map[string]string{}
	for _, m := range t.Models {
		r.Files[m.Node.ID] = "shop/" + m.Node.Path
	}
	return report.New(r, t)
}

func invocation(command string, start, took time.Duration) report.Invocation {
	return report.Invocation{
		ID: fmt.Sprintf("1f0c7a52-8d3e-4b4e-9d65-%012d", start/time.Second), Command: command, DBTVersion: "1.11.16",
		StartedAt: Noon.Add(start), CompletedAt: Noon.Add(start + took),
	}
}

// Changed returns a run in which numbers of rows changed.
func Changed() report.Report {
	models := []tally.Model{
		Model("fct_orders", tally.Shrank, 120_340, 98_201, 130.2),
		Model("stg_payments", tally.Shrank, 8_112, 8_001, 2.1),
		Model("stg_orders", tally.Grew, 98_000, 99_204, 12.4),
		Model("dim_region", tally.New, Unknown, 42, 0.6),
		Model("fct_refunds", tally.Emptied, 311, 0, 0.9),
		Because(Model("stg_events", tally.NotCounted, Unknown, Unknown, 0.2), viewReason),
		Because(Model("stg_sessions", tally.NotCounted, Unknown, Unknown, 0.3), viewReason),
	}
	for i := range 9 {
		models = append(models, Model(fmt.Sprintf("dim_%c", 'a'+i), tally.Unchanged, 1000, 1000, 0.4))
	}
	return Report(Run(), tally.Tally{Models: models})
}

// Unchanged returns a run in which no number of rows changed.
func Unchanged() report.Report {
	return Report(Run(), tally.Tally{Models: []tally.Model{
		Model("dim_date", tally.Unchanged, 3_653, 3_653, 0.4),
		Model("fct_returns", tally.Empty, 0, 0, 0.3),
		Because(Model("dim_geo", tally.Reused, Unknown, Unknown, 0), "dbt reused the existing relation"),
	}})
}

// FirstBuild returns a run in an empty schema, without a baseline.
func FirstBuild() report.Report {
	r := Run()
	r.Target = report.Target{Name: "ci", Type: "duckdb", Database: "shop", Schema: "pr_12"}
	r.Audit.Seconds = nil
	return Report(r, tally.Tally{Models: []tally.Model{
		Model("customers", tally.New, Unknown, 1_000, 1.5),
		Model("orders", tally.New, Unknown, 12_345, 1.5),
		Model("refunds", tally.New, Unknown, 0, 0.2),
	}})
}

// Failed returns a run in which a model and a test failed.
func Failed() report.Report {
	r := Run()
	r.Status, r.ExitCode = report.Failed, 1
	r.Invocations[0].ExitCode = 1
	r.Failures = []report.Failure{
		{
			NodeID: "test.shop.unique_orders_id.fed79b3a6e", Kind: "test", Path: "models/schema.yml",
			Message: "Got 3 results, configured to fail if != 0",
		},
		{NodeID: "model.shop.fct_orders", Kind: "model", Path: "models/fct_orders.sql", Message: "" +
			"Database Error in model fct_orders (models/fct_orders.sql)\n" +
			"  column \"amout\" does not exist\n  LINE 12:     sum(amout) as total\n                   ^\n" +
			"  HINT:  Perhaps you meant to reference the column \"p.amount\".\n"},
	}
	return Report(r, tally.Tally{Models: []tally.Model{
		Because(Model("fct_orders", tally.Failed, Unknown, Unknown, 0.3),
			"dbt could not build it; the warehouse rolled it back to what it was before"),
		Model("stg_orders", tally.Grew, 0, 12, 0.5),
		Because(Model("fct_daily", tally.Skipped, Unknown, Unknown, 0), skipReason),
		Because(Model("fct_weekly", tally.Skipped, Unknown, Unknown, 0), skipReason),
		Because(Model("stg_stream", tally.NoAuditRow, Unknown, Unknown, 0.5),
			"built, but no audit row was recorded: its materialization runs no hooks, or the insert failed"),
	}})
}

// NotStarted returns a run of a dbt that could not connect or parse.
func NotStarted() report.Report {
	r := Run()
	r.Status, r.ExitCode = report.Failed, 2
	r.Invocations = []report.Invocation{invocation("dbt build", 0, 2*time.Second)}
	r.Invocations[0].ID, r.Invocations[0].ExitCode = "", 2
	return Report(r, tally.Tally{})
}

// NotCompiled returns a run of a dbt that found a mistake in the project.
func NotCompiled() report.Report {
	r := Run()
	r.Status, r.ExitCode = report.Failed, 2
	r.Invocations[0].ExitCode = 2
	r.Audit.Statements, r.Audit.Seconds = 0, nil
	r.Failures = []report.Failure{{Kind: "dbt", Message: "Encountered an error:\nCompilation Error\n" +
		"  Model 'model.shop.segments' (models/segments.sql) depends on a node named 'customerz' which was not found"}}
	return Report(r, tally.Tally{})
}

// Unaudited returns a run whose audit table could not be used.
func Unaudited() report.Report {
	r := Run()
	r.Audit = report.Audit{Problems: []string{`the audit table "public"."dbt_audit_log" lacks the column row_count; ` +
		`has id, event, at; see docs/audit-table.md`}}
	var models []tally.Model
	for i := range 14 {
		unaudited := Model(fmt.Sprintf("dim_%c", 'a'+i), tally.NoAuditRow, Unknown, Unknown, 0.4)
		models = append(models, Because(unaudited, "the audit table could not be used"))
	}
	return Report(r, tally.Tally{Models: models})
}

// Interrupted returns a run that was stopped while a model ran.
func Interrupted() report.Report {
	r := Run()
	r.Status, r.ExitCode = report.Incomplete, 2
	r.Invocations[0].ExitCode = 2
	return Report(r, tally.Tally{Models: []tally.Model{
		Model("stg_orders", tally.Grew, 98_000, 99_204, 12.4),
		Because(Model("fct_orders", tally.Failed, Unknown, Unknown, 0), "dbt ended while it ran"),
	}})
}

// InDBTCloud is a run of dbt Cloud.
func InDBTCloud() report.Report {
	r := AgainstMain()
	r.Cloud = &report.CloudRun{RunID: 4711, JobID: 12, URL: "https://cloud.getdbt.com/deploy/34/projects/56/runs/4711/"}
	return r
}

// NothingRan returns a run that selected no model.
func NothingRan() report.Report { return Report(Run(), tally.Tally{}) }

// Commands returns a run of several dbt commands, and a model's name in two packages.
func Commands() report.Report {
	r := Run()
	r.Target = report.Target{Name: "dev", Type: "exasol", Schema: "DEV"}
	r.Requirements = new(8.7)
	r.Invocations = []report.Invocation{
		invocation("dbt seed", 0, 1500*time.Millisecond),
		invocation("dbt run --select staging", 2*time.Second, 65*time.Second),
		invocation("dbt run --exclude staging", 70*time.Second, 2*time.Hour),
		invocation("dbt test", 3*time.Hour, 30*time.Second),
	}
	twin := Model("orders", tally.Grew, 10, 30, 1)
	twin.Node.ID = "model.crm.orders"
	return Report(r, tally.Tally{Models: []tally.Model{Model("orders", tally.Grew, 10, 20, 1), twin}})
}

// Large returns a run with many changed models of long names and many failures.
func Large(models, failures int) report.Report {
	r := Run()
	r.Status, r.ExitCode = report.Failed, 1
	for i := range failures {
		r.Failures = append(r.Failures, report.Failure{
			NodeID: fmt.Sprintf("test.shop.test_%d", i), Kind: "test", Path: "tests/t.sql",
			Message: strings.Repeat("some ``` words of an error\n", 2000),
		})
	}
	var t tally.Tally
	for i := range models {
		name := fmt.Sprintf("%s%04d", strings.Repeat("m", 96), i)
		t.Models = append(t.Models, Model(name, tally.Grew, 1000, 2000+int64(i), 1))
	}
	for i := range 100 {
		t.Models = append(t.Models, Model(fmt.Sprintf("calm_%03d", i), tally.Unchanged, 10, 10, 1))
	}
	return Report(r, t)
}
