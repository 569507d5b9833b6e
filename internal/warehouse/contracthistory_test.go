package warehouse_test

import (
	"cmp"
	"errors"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// hostile is a branch name that breaks naive literals.
const hostile = `feat/it's "so" \' %s ünï ✓`

// earlierRuns returns a team's runs of several days, oldest first.
func earlierRuns() []tally.Run {
	run := func(id, branch, target, clock string, exitCode int) tally.Run {
		status := "success"
		if exitCode != 0 {
			status = "failed"
		}
		return tally.Run{
			ID: id, StartedAt: at(clock).Add(-time.Minute), CompletedAt: at(clock), Status: status,
			ExitCode: exitCode, Branch: branch, Target: target,
		}
	}
	ancient := run("ancient", hostile, "prod", "00:00:00", 0)
	ancient.StartedAt, ancient.CompletedAt = at("00:00:00").AddDate(0, 0, -92), at("00:00:00").AddDate(0, 0, -91)
	full := tally.Run{
		ID: "first", StartedAt: at("08:00:00"), CompletedAt: at("08:01:00.123456"),
		Status: "success", Command: `build --vars '{a: "\b"}'`,
		Target: "prod", Repository: "o/r", Branch: hostile, Commit: "1a2b3c4", Event: "pull_request", PullRequest: 7,
		Workflow: "CI; it's", Job: "build", URL: "https://github.com/o/r/actions/runs/1?a=b&c",
		DBTVersion: "1.11.16", Version: "0.1.0",
	}
	return []tally.Run{
		ancient, full,
		run("other branch", "pr", "prod", "08:30:00", 0), run("other target", hostile, "ci", "08:40:00", 0),
		run(
			"second", hostile, "prod", "09:00:00", 0,
		), run("failed", hostile, "prod", "09:10:00", 1), run("later", hostile, "prod", "11:00:00", 0),
	}
}

const earlierRows = `
	insert into RELATION (model_name, execution_time, row_count, run_id, node_id, phase) values
	('s.orders - BEFORE', '2026-11-23 08:00:10', null, 'first', 'model.shop.orders', 'before'),
	('s.orders - AFTER', '2026-11-23 08:00:12.5', 1000, 'first', 'model.shop.orders', 'after'),
	('s.orders - AFTER', '2026-11-23 08:00:12.4', 999, 'first', 'model.shop.orders', 'after'),
	('s.orders - AFTER', '2026-11-23 08:00:12', 5, 'first', null, 'after'),
	('s.own - BEFORE', '2026-11-23 08:00:20', 3, 'first', null, null),
	('s.own - AFTER', '2026-11-23 08:00:20', 4, 'first', null, null),
	('s.a_view - AFTER', '2026-11-23 08:00:30', null, 'first', 'model.shop.a_view', 'after'),
	('s.orders - AFTER', '2026-11-23 09:00:00', 1100, 'second', 'model.shop.orders', 'after'),
	('s.orders - AFTER', '2026-11-23 09:05:00', 7, 'failed', 'model.shop.orders', 'after'),
	('s.orders - AFTER', '2026-11-23 10:00:00', 900, 'now', 'model.shop.orders', 'after')`

// history checks one run, "now", and its earlier runs.
func (l lab) history(t *testing.T) {
	const id = "model.shop.orders"
	store := l.open(t, warehouse.Table{Schema: "prod", Name: "dbt_audit_log"}, warehouse.Write)
	relation := prepare(t, store).Relation
	l.exec(t, strings.ReplaceAll(earlierRows, "RELATION", relation))
	runs := earlierRuns()
	now := []string{"now"}

	// With gates, the columns are read before the run is recorded.
	relations := map[string]string{id: relation, "model.shop.gone": relation + "_gone"}
	first := collect(t, store, warehouse.CollectRequest{Invocations: now, Relations: relations})
	columns := first.Columns
	first.Columns = nil
	if diff := gocmp.Diff(warehouse.Collected{Relation: relation, Rows: []tally.Row{nowRow()}}, first); diff != "" {
		t.Errorf("without a history (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(allColumns, columnNames(columns[id])); diff != "" || len(columns) != 1 {
		t.Errorf("columns of %d relations (-want +got):\n%s", len(columns), diff)
	}
	code := warehouse.Code{
		RunID: "second", Fingerprints: map[string]string{id: "f1", "model.shop.it's": "f2"}, Columns: columns,
	}
	recorded := collect(t, store, warehouse.CollectRequest{Runs: runs, Code: code, Relations: relations})
	if len(recorded.Problems) > 0 {
		t.Errorf("recorded with the problems %q", recorded.Problems)
	}

	query := warehouse.HistoryQuery{Wanted: true, Branch: hostile, Target: "prod", Before: at("10:00:00")}
	if o := l.options(warehouse.Table{Schema: "prod", Name: "dbt_audit_log"}, warehouse.Write); o.Operator == nil {
		if err := store.Close(); err != nil { // DuckDB's file has one user
			t.Fatal(err)
		}
		o.History = query // to be read while dbt runs
		store = open(t, o)
		prepare(t, store)
	}
	again := tally.Run{ID: "second", CompletedAt: at("09:30:00"), Status: "success", Branch: "again"}
	got := collect(t, store, warehouse.CollectRequest{
		Invocations: now, Runs: []tally.Run{
			again, {ID: "now", CompletedAt: at("09:59:00"), Status: "success", Branch: hostile, Target: "prod"},
		},
		History: query,
	})
	want := warehouse.Collected{Relation: relation, Rows: []tally.Row{nowRow()}, History: tally.History{
		Runs:         []tally.Run{runs[4], runs[1]},
		Fingerprints: code.Fingerprints,
		Columns:      code.Columns,
		Rows: []tally.Row{
			{Invocation: "first", NodeID: id, Relation: "s.orders", Phase: tally.Before, Time: at("08:00:10")},
			{Invocation: "first", Relation: "s.orders", Phase: tally.After, Time: at("08:00:12"), Count: rows(5)},
			{
				Invocation: "first", NodeID: id, Relation: "s.orders", Phase: tally.After, Time: at("08:00:12.4"),
				Count: rows(999),
			},
			{
				Invocation: "first", NodeID: id, Relation: "s.orders", Phase: tally.After, Time: at("08:00:12.5"),
				Count: rows(1000),
			},
			{Invocation: "first", Relation: "s.own", Phase: tally.After, Time: at("08:00:20"), Count: rows(4)},
			{Invocation: "first", Relation: "s.own", Phase: tally.Before, Time: at("08:00:20"), Count: rows(3)},
			{Invocation: "first", NodeID: "model.shop.a_view", Relation: "s.a_view", Phase: tally.After, Time: at("08:00:30")},
			{
				Invocation: "second", NodeID: id, Relation: "s.orders", Phase: tally.After, Time: at("09:00:00"),
				Count: rows(1100),
			},
		},
	}}
	if diff := gocmp.Diff(want, got, anyOrder); diff != "" {
		t.Errorf("with a history (-want +got):\n%s", diff)
	}
}

// trends reads what history recorded, whatever the outcome of the runs.
func (l lab) trends(t *testing.T) {
	store := l.open(t, warehouse.Table{Schema: "prod", Name: "dbt_audit_log"}, warehouse.Read)
	query := warehouse.TrendQuery{
		Branch: hostile, Target: "prod", Since: at("08:30:00"), Before: at("10:00:00"), ExcludeEvents: []string{"pull_request"},
		Names: []string{"shop.ORDERS", `100%_\nothing's`},
	}
	got, err := store.History(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	runs := earlierRuns()
	want := tally.History{
		Runs: []tally.Run{{
			ID: "now", CompletedAt: at("09:59:00"), Status: "success", Branch: hostile, Target: "prod",
		}, runs[5], runs[4]},
		Rows: []tally.Row{
			{
				Invocation: "second", NodeID: "model.shop.orders", Relation: "s.orders", Phase: tally.After, Time: at("09:00:00"),
				Count: rows(1100),
			},
			{
				Invocation: "failed", NodeID: "model.shop.orders", Relation: "s.orders", Phase: tally.After, Time: at("09:05:00"),
				Count: rows(7),
			},
			nowRow(),
		},
	}
	if diff := gocmp.Diff(want, got.History, anyOrder); diff != "" {
		t.Errorf("one node (-want +got)\n%s", diff)
	}
	query.Branch, query.Names = "it's none", nil
	if got, err = store.History(t.Context(), query); err != nil || len(got.History.Runs) > 0 || got.Newest[0].ID != "later" {
		t.Errorf("no such branch: %+v, %v; want the newest runs", got, err)
	}
	store.Close() // DuckDB's file has one user
	store = l.open(t, warehouse.Table{Schema: "nowhere", Name: "nothing"}, warehouse.Read)
	if _, err = store.History(t.Context(), query); !errors.Is(err, warehouse.ErrNoTable) {
		t.Errorf("no table: %v; want ErrNoTable", err)
	}
}

// oneRun requests a run by its ID, from another audit table.
func (l lab) oneRun(t *testing.T) {
	query := warehouse.HistoryQuery{Wanted: true, Schema: "prod", RunID: "it's none", Branch: "main", Before: at("09:00:00")}
	problem := `baseline: no run "it's none"; the newest are later (` + hostile +
		`, 2026-11-23 11:00:00), now (` + hostile + `, 2026-11-23 09:59:00), failed (`
	o := l.options(warehouse.Table{Schema: "ci", Name: "dbt_audit_log"}, warehouse.Write)
	o.History = query
	store := open(t, o)
	if err := prepare(t, store).NotFound; err == nil || !strings.Contains(err.Error(), problem) {
		t.Errorf("not found before dbt: %v; want %q and older runs", err, problem)
	}

	query.RunID = "failed"
	got := collect(t, store, warehouse.CollectRequest{Invocations: []string{"now"}, History: query})
	want := tally.History{
		Runs: []tally.Run{earlierRuns()[5]},
		Rows: []tally.Row{{
			Invocation: "failed", NodeID: "model.shop.orders", Relation: "s.orders", Phase: tally.After,
			Time: at("09:05:00"), Count: rows(7),
		}},
	}
	if diff := gocmp.Diff(want, got.History); diff != "" || len(got.Problems) > 0 {
		t.Errorf("problems %q, history (-want +got):\n%s", got.Problems, diff)
	}

	query.RunID = "it's none"
	got = collect(t, store, warehouse.CollectRequest{Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now"}}, History: query})
	if got.NotFound == nil || !strings.Contains(got.NotFound.Error(), problem) {
		t.Errorf("not found: %v; want %q and older runs", got.NotFound, problem)
	}

	query.Schema = "nowhere"
	got = collect(t, store, warehouse.CollectRequest{Invocations: []string{"now"}, History: query})
	if len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "nowhere") {
		t.Errorf("problems %q; want one that names the schema", got.Problems)
	}
}

// fallback checks the history of a project whose own hooks write, without a run table.
func (l lab) fallback(t *testing.T) {
	l.exec(t, `create table own_log (model_name varchar, execution_time timestamp, row_count bigint, run_id varchar);
		insert into own_log values
		('s.orders - AFTER', '2026-10-01 00:00:00', 1, 'old'), ('s.gone - AFTER', '2026-10-01 00:00:00', 1, 'old'),
		('s.orders - BEFORE', '2026-11-22 00:00:00', 1, 'first'), ('s.orders - AFTER', '2026-11-22 00:00:00', 2, 'first'),
		('s.items - after', '2026-11-22 00:00:01', 3, 'first'), ('s.items - AFTER', '2026-11-22 12:00:00', null, 'second'),
		('s.orders - AFTER', '2026-11-22 12:00:00', 4, 'second'), ('s.orders - AFTER', '2026-11-23 09:00:00', 5, 'now'),
		('s.orders - AFTER', '2026-11-23 11:00:00', 6, 'later')`)
	store := l.open(t, warehouse.Table{Schema: l.schema, Name: "own_log"}, warehouse.Read)
	got := collect(t, store, warehouse.CollectRequest{
		Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now"}},
		History: warehouse.HistoryQuery{Wanted: true, Branch: "main", Before: at("10:00:00")},
	})
	want := tally.History{
		Runs: []tally.Run{
			{ID: "second", CompletedAt: at("12:00:00").AddDate(0, 0, -1)},
			{ID: "first", CompletedAt: at("00:00:01").AddDate(0, 0, -1)},
		},
		Rows: []tally.Row{
			{
				Invocation: "first", Relation: "s.items", Phase: tally.After, Time: at("00:00:01").AddDate(0, 0, -1),
				Count: rows(3),
			},
			{
				Invocation: "second", Relation: "s.orders", Phase: tally.After, Time: at("12:00:00").AddDate(0, 0, -1),
				Count: rows(4),
			},
		},
	}
	if diff := gocmp.Diff(want, got.History, anyOrder); diff != "" || len(got.Problems) > 0 {
		t.Errorf("problems %q, history (-want +got):\n%s", got.Problems, diff)
	}

	trend, err := store.History(t.Context(), warehouse.TrendQuery{Since: at("00:00:00").AddDate(0, 0, -2), Before: at("10:00:00")})
	if err != nil || len(trend.History.Runs) != 3 || len(trend.History.Rows) != 5 {
		t.Errorf("trend %+v, %v", trend.History, err)
	}

	got = collect(t, store, warehouse.CollectRequest{
		Invocations: []string{"now"}, History: warehouse.HistoryQuery{Wanted: true, RunID: "old", Before: at("10:00:00")},
	})
	october := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	want = tally.History{
		Runs: []tally.Run{{ID: "old", CompletedAt: october}},
		Rows: []tally.Row{
			{Invocation: "old", Relation: "s.gone", Phase: tally.After, Time: october, Count: rows(1)},
			{Invocation: "old", Relation: "s.orders", Phase: tally.After, Time: october, Count: rows(1)},
		},
	}
	if diff := gocmp.Diff(want, got.History, anyOrder); diff != "" || len(got.Problems) > 0 {
		t.Errorf("with a run requested: problems %q, history (-want +got):\n%s", got.Problems, diff)
	}
}

// pruned deletes from the tables that history filled.
func (l lab) pruned(t *testing.T) {
	store := l.open(t, warehouse.Table{Schema: "prod", Name: "dbt_audit_log"}, warehouse.Write)
	for _, tc := range []struct {
		what       string
		dryRun     bool
		audit, run int64
	}{{"counted", true, 7, 3}, {"deleted", false, 7, 3}, {"left", false, 0, 0}} {
		var heard int64
		audit, run, err := store.Prune(t.Context(), at("08:35:00"), tc.dryRun, func(n int64) { heard += n })
		if err != nil || audit != tc.audit || run != tc.run {
			t.Errorf("%s: %d audit rows and %d runs, %v; want %d and %d", tc.what, audit, run, err, tc.audit, tc.run)
		}
		if want := audit + run; !tc.dryRun && heard != want || tc.dryRun && heard != 0 {
			t.Errorf("%s: %d rows reported as progress; want those that were deleted", tc.what, heard)
		}
	}
	got := collect(
		t, store,
		warehouse.CollectRequest{
			Invocations: []string{"now", "first", "failed"},
			History:     warehouse.HistoryQuery{Wanted: true, Before: at("10:00:00")},
		},
	)
	if len(got.Rows) != 2 || len(got.History.Runs) != 2 || len(got.History.Rows) != 1 {
		t.Errorf("remaining rows: %+v", got)
	}
}

func nowRow() tally.Row {
	return tally.Row{
		Invocation: "now", NodeID: "model.shop.orders", Relation: "s.orders", Phase: tally.After,
		Time: at("10:00:00"), Count: rows(900),
	}
}

// columnNames also checks that each column has a type.
func columnNames(columns []tally.Column) (names []string) {
	for _, c := range columns {
		if c.Type != "" {
			names = append(names, strings.ToLower(c.Name))
		}
	}
	return names
}

var anyOrder = cmpopts.SortSlices(func(a, b tally.Row) int {
	return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Relation, b.Relation), cmp.Compare(a.Phase, b.Phase))
})

func collect(t testing.TB, store *warehouse.Store, f warehouse.CollectRequest) warehouse.Collected {
	t.Helper()
	done, err := store.Collect(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	return done
}
