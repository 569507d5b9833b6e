package warehouse_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// A branch that is not recorded is reported before dbt runs, but only if others are: the
// first run of all has nothing to be compared with.
func TestABranchWithoutARunIsFoundBeforeDBT(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	o := options(db, auditLog, warehouse.Write)
	o.History = warehouse.HistoryQuery{Wanted: true, Named: true, Branch: "nosuch", Before: at("10:00:00")}
	first := open(t, o)
	if err := prepare(t, first).NotFound; err != nil {
		t.Errorf("before the first run: %v; want no error", err)
	}
	main := tally.Run{ID: "one", CompletedAt: at("09:00:00"), Status: "success", Branch: "main", Target: "ci"}
	got := collect(t, first, warehouse.CollectRequest{Invocations: []string{"one"}, Runs: []tally.Run{main}, History: o.History})
	if got.NotFound == nil || !strings.Contains(got.NotFound.Error(), "no run is recorded yet") {
		t.Errorf("after the first run: %v; want that no run is recorded yet", got.NotFound)
	}

	const want = `baseline: no successful run of branch "nosuch" with target ""; the newest runs are of main (target ci); see `
	store := open(t, o)
	if err := prepare(t, store).NotFound; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("before the second run: %v; want %q", err, want)
	}
	got = collect(t, store, warehouse.CollectRequest{Invocations: []string{"two"}, History: o.History})
	if got.NotFound == nil || !strings.HasPrefix(got.NotFound.Error(), want) {
		t.Errorf("after the second run: %v; want %q", got.NotFound, want)
	}

	o.History.Branch = "main"
	if err := prepare(t, open(t, o)).NotFound; err != nil { // and is closed while it reads
		t.Errorf("main: %v", err)
	}
}

// What cannot be read while dbt runs is read after it. A question other than the one that was
// announced is asked, too.
func TestAHistoryThatWasNotReadAheadIsReadAfterDBT(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	way := newProxy(t, postgresProtocol, db.Port)
	proxied := db
	proxied.Port = way.port
	o := options(proxied, auditLog, warehouse.Write)
	run := tally.Run{ID: "one", CompletedAt: at("09:00:00"), Status: "success", Branch: "main"}
	store := open(t, o)
	relation := prepare(t, store).Relation
	collect(t, store, warehouse.CollectRequest{Runs: []tally.Run{run}})
	db.Exec(t, "insert into "+relation+" (model_name, execution_time, row_count, run_id, node_id, phase) values "+
		"('s.orders - AFTER', '2026-11-23 10:00:00', 900, 'one', 'model.shop.orders', 'after')")
	row := nowRow()
	row.Invocation = "one"
	want := tally.History{Runs: []tally.Run{run}, Rows: []tally.Row{row}}
	const readAhead = "order by r.completed_at desc"
	for name, tc := range map[string]struct{ strike, branch string }{
		"the connection is lost": {readAhead, "main"},
		"another branch":         {"", "feature"},
		"all is well":            {"", "main"},
	} {
		o.History = warehouse.HistoryQuery{Wanted: true, Branch: "main", Before: at("09:59:00")}
		if tc.strike != "" {
			way.strike(tc.strike, closed)
		}
		store := open(t, o)
		prepare(t, store)
		query := o.History
		query.Branch, query.Before = tc.branch, at("10:00:00")
		got := collect(t, store, warehouse.CollectRequest{Invocations: []string{"two"}, History: query}).History
		if tc.branch != "main" {
			want := tally.History{Rows: []tally.Row{}}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		} else if diff := gocmp.Diff(want, got); diff != "" || way.armed() {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}
}
