package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// situations are the runs that every surface has a golden file for.
func situations() map[string]Report {
	return map[string]Report{
		"changed":     changed(),
		"unchanged":   unchanged(),
		"first-build": firstBuild(),
		"failed":      failed(),
		"not-started": notStarted(),
		"unaudited":   unaudited14(),
		"interrupted": interrupted(),
		"nothing-ran": nothingRan(),
		"hostile":     hostile(anAttack),
		"commands":    commands(),
		"baseline":    againstMain(),
		"stale":       stale(),
		"breached":    breachedGates(),
		"warned":      warned(),
		"nightly":     nightly(),
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func ptr[T any](v T) *T { return &v }

// counts are a model's rows before and after; none is a count that is unknown.
const none = -1

func model(name string, status tally.Status, before, after int64, seconds float64) tally.Model {
	m := tally.Model{
		Node: tally.Node{
			ID: "model.shop." + name, Name: name, ResourceType: "model", Package: "shop",
			Path: "models/" + name + ".sql", Relation: `"shop"."main"."` + name + `"`, Materialized: "table",
		},
		Status:  status,
		Seconds: seconds,
	}
	if before != none {
		m.Before = &before
	}
	if after != none {
		m.After = &after
	}
	return m
}

func because(m tally.Model, reason string) tally.Model {
	m.Reason = reason
	return m
}

const viewReason = "a view: counting it would run it (count-views turns that on)"

func run() Run {
	return Run{
		GeneratedAt:  noon.Add(4 * time.Minute),
		TallyVersion: "0.1.0",
		Status:       Success,
		Invocations:  []Invocation{invocation("dbt build --select state:modified+", 0, 192*time.Second)},
		Target:       Target{Name: "prod", Type: "postgres", Database: "shop", Schema: "analytics"},
		Audit:        Audit{Table: `"dbt_audit"."dbt_audit_log"`, Statements: 28, Seconds: ptr(1.8)},
	}
}

// made is New, with the project in the folder shop of the repository.
func made(r Run, t tally.Tally) Report {
	r.Files = map[string]string{}
	for _, m := range t.Models {
		r.Files[m.Node.Path] = "shop/" + m.Node.Path
	}
	return New(r, t)
}

func invocation(command string, start, took time.Duration) Invocation {
	return Invocation{
		ID: fmt.Sprintf("1f0c7a52-8d3e-4b4e-9d65-%012d", start/time.Second), Command: command, DBTVersion: "1.11.16",
		StartedAt: noon.Add(start), CompletedAt: noon.Add(start + took),
	}
}

func changed() Report {
	models := []tally.Model{
		model("fct_orders", tally.Shrank, 120_340, 98_201, 130.2),
		model("stg_payments", tally.Shrank, 8_112, 8_001, 2.1),
		model("stg_orders", tally.Grew, 98_000, 99_204, 12.4),
		model("dim_region", tally.New, none, 42, 0.6),
		model("fct_refunds", tally.Emptied, 311, 0, 0.9),
		because(model("stg_events", tally.NotCounted, none, none, 0.2), viewReason),
		because(model("stg_sessions", tally.NotCounted, none, none, 0.3), viewReason),
	}
	for i := range 9 {
		models = append(models, model(fmt.Sprintf("dim_%c", 'a'+i), tally.Unchanged, 1000, 1000, 0.4))
	}
	return made(run(), tally.Tally{Models: models})
}

func unchanged() Report {
	return made(run(), tally.Tally{Models: []tally.Model{
		model("dim_date", tally.Unchanged, 3_653, 3_653, 0.4),
		model("fct_returns", tally.Empty, 0, 0, 0.3),
		because(model("dim_geo", tally.Reused, none, none, 0), "dbt reused what was there"),
	}})
}

func firstBuild() Report {
	r := run()
	r.Target = Target{Name: "ci", Type: "duckdb", Database: "shop", Schema: "pr_12"}
	r.Audit.Seconds = nil
	return made(r, tally.Tally{Models: []tally.Model{
		model("customers", tally.New, none, 1_000, 1.5),
		model("orders", tally.New, none, 12_345, 1.5),
		model("refunds", tally.New, none, 0, 0.2),
	}})
}

func failed() Report {
	r := run()
	r.Status, r.ExitCode = Failed, 1
	r.Invocations[0].ExitCode = 1
	r.Failures = []Failure{
		{NodeID: "test.shop.unique_orders_id.fed79b3a6e", Kind: "test", Path: "models/schema.yml", Message: "Got 3 results, configured to fail if != 0"},
		{NodeID: "model.shop.fct_orders", Kind: "model", Path: "models/fct_orders.sql", Message: "Database Error in model fct_orders (models/fct_orders.sql)\n" +
			"  column \"amout\" does not exist\n  LINE 12:     sum(amout) as total\n                   ^\n  HINT:  Perhaps you meant to reference the column \"p.amount\".\n"},
	}
	return made(r, tally.Tally{Models: []tally.Model{
		because(model("fct_orders", tally.Failed, none, none, 0.3), "dbt could not build it; the warehouse rolled it back, so its rows are unchanged"),
		model("stg_orders", tally.Grew, 0, 12, 0.5),
		because(model("fct_daily", tally.Skipped, none, none, 0), "dbt skipped it, most often because something upstream failed"),
		because(model("fct_weekly", tally.Skipped, none, none, 0), "dbt skipped it, most often because something upstream failed"),
		because(model("stg_stream", tally.NoAuditRow, none, none, 0.5), "dbt built it, but no audit row came: its materialization runs no hooks, or the insert failed"),
	}})
}

// notStarted is a dbt that could not connect or parse.
func notStarted() Report {
	r := run()
	r.Status, r.ExitCode = Failed, 2
	r.Invocations = []Invocation{invocation("dbt build", 0, 2*time.Second)}
	r.Invocations[0].ID, r.Invocations[0].ExitCode = "", 2
	return made(r, tally.Tally{})
}

func unaudited14() Report {
	r := run()
	r.Audit = Audit{Problems: []string{`the audit table "public"."dbt_audit_log" lacks the column row_count; has id, event, at; see docs/audit-table.md`}}
	var models []tally.Model
	for i := range 14 {
		models = append(models, because(model(fmt.Sprintf("dim_%c", 'a'+i), tally.NoAuditRow, none, none, 0.4), "the audit table could not be used"))
	}
	return made(r, tally.Tally{Models: models})
}

func interrupted() Report {
	r := run()
	r.Status, r.ExitCode = Incomplete, 2
	r.Invocations[0].ExitCode = 2
	return made(r, tally.Tally{Models: []tally.Model{
		model("stg_orders", tally.Grew, 98_000, 99_204, 12.4),
		because(model("fct_orders", tally.Failed, none, none, 0), "dbt was interrupted while it ran"),
	}})
}

func nothingRan() Report { return made(run(), tally.Tally{}) }

const anAttack = "`a` | @octocat #1 <b>x</b> </details> ![i](http://e.vil/i.png) \x1b[31m\u202eevil\x00\nsecond\t**line**"

// hostile has text that tries to be more than text wherever text can be.
func hostile(attack string) Report {
	r := run()
	r.Status, r.ExitCode = Failed, 1
	r.TallyVersion = attack
	r.HeadSHA = attack
	r.Target = Target{Name: attack, Type: attack, Database: attack, Schema: attack}
	r.Invocations = []Invocation{{ID: attack, Command: attack, DBTVersion: attack, StartedAt: noon, CompletedAt: noon}}
	r.Audit.Table, r.Audit.Problems = attack, []string{attack}
	r.Failures = []Failure{{NodeID: attack, Kind: attack, Path: attack, File: attack, Message: "```\n</details>\n" + attack + "\xff"}}
	grown := model(attack, tally.Grew, 1, 2, 1)
	failing := because(model("x"+attack, tally.Failed, 1, none, 1), attack)
	grown.Baseline, grown.History, grown.Unusual = ptr[int64](3), []int64{3, 2}, true
	grown.Breaches = []tally.Breach{{NodeID: attack, Gate: attack, Axis: tally.AxisBaseline, Limit: attack, Value: attack, Severity: tally.SeverityError}}
	failing.Unchecked = attack
	long := because(model(strings.Repeat("long_", 100), tally.NotCounted, none, none, 1), attack)
	left := because(model("left", tally.NoAuditRow, none, none, 1), attack)
	twin := grown
	twin.Node.ID = "model.other." + attack
	hostile := made(r, tally.Tally{
		Models:      []tally.Model{grown, twin, failing, long, left},
		BaselineRun: &tally.Run{ID: attack, Branch: attack, Commit: attack, URL: "javascript:" + attack},
	})
	for i := range hostile.Models {
		hostile.Models[i].File = attack
	}
	return hostile
}

// commands is a run of several dbt commands, and a model's name in two packages.
func commands() Report {
	r := run()
	r.Target = Target{Name: "dev", Type: "exasol", Schema: "DEV"}
	r.Requirements = ptr(8.7)
	r.Invocations = []Invocation{
		invocation("dbt seed", 0, 1500*time.Millisecond),
		invocation("dbt run --select staging", 2*time.Second, 65*time.Second),
		invocation("dbt run --exclude staging", 70*time.Second, 2*time.Hour),
		invocation("dbt test", 3*time.Hour, 30*time.Second),
	}
	twin := model("orders", tally.Grew, 10, 30, 1)
	twin.Node.ID = "model.crm.orders"
	return made(r, tally.Tally{Models: []tally.Model{model("orders", tally.Grew, 10, 20, 1), twin}})
}

// large is a run with many changed models of long names and many failures.
func large(models, failures int) Report {
	r := run()
	r.Status, r.ExitCode = Failed, 1
	for i := range failures {
		r.Failures = append(r.Failures, Failure{
			NodeID: fmt.Sprintf("test.shop.test_%d", i), Kind: "test", Path: "tests/t.sql",
			Message: strings.Repeat("some ``` words of an error\n", 2000),
		})
	}
	var t tally.Tally
	for i := range models {
		t.Models = append(t.Models, model(fmt.Sprintf("%s%04d", strings.Repeat("m", 96), i), tally.Grew, 1000, 2000+int64(i), 1))
	}
	for i := range 100 {
		t.Models = append(t.Models, model(fmt.Sprintf("calm_%03d", i), tally.Unchanged, 10, 10, 1))
	}
	return made(r, t)
}
