package warehouse_test

import (
	"fmt"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// past creates a table of many runs, one in ten of them on main, and returns a request
// for the ones on main.
func past(tb testing.TB, db postgres.Database, runs, rowsOfARun int) warehouse.CollectRequest {
	tb.Helper()
	store := open(tb, options(db, auditLog, warehouse.Write))
	relation := prepare(tb, store).Relation
	db.Exec(tb,
		"alter table "+relation+" set unlogged",
		fmt.Sprintf(`insert into audit.dbt_audit_run (run_id, started_at, completed_at, status, dbt_exit_code, target, branch)
			select md5(r::text), '2026-11-23'::timestamp - r * interval '20 min',
				'2026-11-23'::timestamp - r * interval '20 min', 'success', 0, 'prod',
				case when r %% 10 = 0 then 'main' else 'feature/' || r end from generate_series(1, %d) r`, runs),
		fmt.Sprintf(`insert into %s (model_name, execution_time, row_count, run_id, node_id, phase, materialized)
			select '"shop"."prod"."model_number_' || n || '" - ' || upper(phase),
				'2026-11-23'::timestamp - r * interval '20 min', n, md5(r::text), 'model.shop.model_number_' || n, phase, 'table'
			from generate_series(%d, 1, -1) r, generate_series(1, %d) n,
				(values ('before'), ('after')) as p (phase)`, relation, runs, rowsOfARun/2),
		"analyze")
	return warehouse.CollectRequest{
		Invocations: []string{"now"},
		History:     warehouse.HistoryQuery{Wanted: true, Branch: "main", Target: "prod", Before: at("00:00:00")},
	}
}

// scans returns how often the whole audit table was read. The connection that read it
// must be closed, because only then its statistics are complete.
func scans(tb testing.TB, db postgres.Database) string {
	tb.Helper()
	return db.Query(tb, "select seq_scan from pg_stat_user_tables where relname = 'dbt_audit_log'")[0][0]
}

func TestHistoryDoesNotScanTheTable(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	f := past(t, db, 400, 200)
	was := scans(t, db)

	store := open(t, options(db, auditLog, warehouse.Write))
	got := collect(t, store, f)
	store.Close()
	if len(got.History.Runs) != 30 || len(got.History.Rows) != 6000 {
		t.Errorf("%d runs and %d rows; want 30 and 6000", len(got.History.Runs), len(got.History.Rows))
	}
	if is := scans(t, db); is != was {
		t.Errorf("scans of the audit table: %s before, %s after", was, is)
	}
}

// BenchmarkHistory finds the newest 30 of 5,000 runs among 10 million audit rows.
// Creating them takes a minute and 3 GB.
func BenchmarkHistory(b *testing.B) {
	db := postgres.New(b)
	f := past(b, db, 5000, 2000)
	was := scans(b, db)
	store := open(b, options(db, auditLog, warehouse.Write))
	for b.Loop() {
		if got := collect(b, store, f); len(got.History.Rows) != 60_000 {
			b.Fatalf("%d rows, problems %q", len(got.History.Rows), got.Problems)
		}
	}
	store.Close()
	if is := scans(b, db); is != was {
		b.Errorf("scans of the audit table: %s before, %s after", was, is)
	}
}
