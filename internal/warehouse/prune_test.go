package warehouse_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Each job and the pruner have their own connection, and therefore their own process in
// the server.
func TestConcurrentJobsAndPruner(t *testing.T) {
	t.Parallel()
	for name, newLab := range map[string]func(*testing.T) lab{
		"postgres": newPostgresLab, "mariadb": newMariaDBLab, "mysql": newMySQLLab,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			table := warehouse.Table{Schema: l.schema, Name: "dbt_audit_log"}
			store := l.open(t, table, warehouse.Write)
			relation := prepare(t, store).Relation
			l.exec(t, "create table digits (n int)", "insert into digits values (0), (1), (2), (3), (4), (5), (6), (7), "+
				"(8), (9)",
				"insert into "+relation+` (model_name, execution_time, row_count, run_id)
				select 'orders - AFTER', '2026-01-01 00:00:00', 1, concat('old ', a.n, b.n)
				from digits a, digits b, digits c, digits d, digits e where a.n < 5`)
			l.besideAPruner(t, table, relation, 50_000)

			rows := map[tally.Row]int{}
			for _, row := range read(t, store, "new 0", "new 1", "old 00", "old 49") {
				row.Count = nil
				rows[row]++
			}
			if len(rows) != 2000 {
				t.Errorf("%d different audit rows; want 1,000 of each of the two new runs", len(rows))
			}
			for row, n := range rows {
				if n != 1 || row.Invocation[:4] != "new " {
					t.Errorf("%d times %+v", n, row)
				}
			}
			got := collect(
				t, store,
				warehouse.CollectRequest{
					Invocations: []string{"now"}, History: warehouse.HistoryQuery{Wanted: true, Before: at("11:00:00")},
				},
			)
			if runs := got.History.Runs; len(runs) != 2 {
				t.Errorf("runs %+v; want both, once", runs)
			}
		})
	}
}

// besideAPruner writes the rows of two runs, records each run in two jobs, and prunes old
// rows twice, all at the same time.
func (l lab) besideAPruner(t *testing.T, table warehouse.Table, relation string, old int64) {
	var all sync.WaitGroup
	for w := range 2 {
		var hooks []string // each a statement and a separate transaction
		for n := range 1000 {
			hooks = append(
				hooks,
				fmt.Sprintf(
					"insert into %s (model_name, execution_time, row_count, run_id) values ('m%d - AFTER', '2026-11-23 "+
						"10:00:00', %d, 'new %d')",
					relation, n, n, w,
				),
			)
		}
		all.Go(func() { l.exec(t, hooks...) })
		all.Go(func() {
			_, err := l.open(t, table, warehouse.Write).Collect(t.Context(), warehouse.CollectRequest{
				Invocations: []string{"new 0"},
				Runs: []tally.Run{
					{ID: "new 0", CompletedAt: at("10:00:00"), Status: "success"},
					{ID: "new 1", CompletedAt: at("10:00:00"), Status: "success"},
				},
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	var pruned [2]int64
	for p := range pruned {
		all.Go(func() {
			var err error
			if pruned[p], _, err = l.open(t, table, warehouse.Write).Prune(t.Context(), at("00:00:00").AddDate(0, 0,
				-30), false, nil); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := pruned[0] + pruned[1]; got != old {
		t.Errorf("%d rows pruned; want %d", got, old)
	}
}
