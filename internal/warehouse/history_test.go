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
	if len(got.History.Runs) != 40 || got.History.Compared != 30 || len(got.History.Rows) != 30*200+10*100 {
		t.Errorf("%d runs, %d compared, %d rows; want 40, 30 and 7000", len(got.History.Runs), got.History.Compared, len(got.History.Rows))
	}
	if is := scans(t, db); is != was {
		t.Errorf("scans of the audit table: %s before, %s after", was, is)
	}
}

// The command history, too, finds its rows by the index on run_id.
func TestTrendsDoNotScanTheTable(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	past(t, db, 2000, 100)
	was := scans(t, db)
	store := open(t, options(db, auditLog, warehouse.Read))
	for _, tc := range []struct {
		names []string
		runs  int
		rows  int
	}{{nil, 90, 90 * 50}, {[]string{"MODEL_number_7"}, 90, 90 * 2}} {
		got, err := store.History(t.Context(), trendQuery(tc.names...))
		if err != nil || len(got.History.Runs) != tc.runs || len(got.History.Rows) != tc.rows {
			t.Errorf("%q: %d runs, %d rows, %v; want %d and %d", tc.names, len(got.History.Runs), len(got.History.Rows), err, tc.runs, tc.rows)
		}
	}
	store.Close()
	if is := scans(t, db); is != was {
		t.Errorf("scans of the audit table: %s before, %s after", was, is)
	}
}

func trendQuery(names ...string) warehouse.TrendQuery {
	return warehouse.TrendQuery{
		Branch: "main", Target: "prod", Since: at("00:00:00").AddDate(0, 0, -90), Before: at("00:00:00"), Names: names,
	}
}

// BenchmarkTrends reads what the command history shows from 10 million audit rows.
func BenchmarkTrends(b *testing.B) {
	db := postgres.New(b)
	past(b, db, 5000, 2000)
	for name, query := range map[string]warehouse.TrendQuery{"all": trendQuery(), "one": trendQuery("model_number_7")} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				store := open(b, options(db, auditLog, warehouse.Read))
				got, err := store.History(b.Context(), query)
				if err != nil || len(got.History.Runs) != 90 {
					b.Fatalf("%d runs, %v", len(got.History.Runs), err)
				}
				got.History.Trends()
				store.Close()
			}
		})
	}
}

// BenchmarkHistory finds the newest 90 of 5,000 runs among 10 million audit rows.
// Creating them takes a minute and 3 GB.
func BenchmarkHistory(b *testing.B) {
	db := postgres.New(b)
	f := past(b, db, 5000, 2000)
	was := scans(b, db)
	store := open(b, options(db, auditLog, warehouse.Write))
	for b.Loop() {
		if got := collect(b, store, f); len(got.History.Rows) != 30*2000+60*1000 {
			b.Fatalf("%d rows, problems %q", len(got.History.Rows), got.Problems)
		}
	}
	store.Close()
	if is := scans(b, db); is != was {
		b.Errorf("scans of the audit table: %s before, %s after", was, is)
	}
}
