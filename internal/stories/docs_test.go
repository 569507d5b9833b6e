package stories

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

var sqlBlock = regexp.MustCompile("(?ms)^```sql\n(.*?)^```$")

// sqlOf returns the SQL blocks of a page.
func sqlOf(t *testing.T, page string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(server.Root(), "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, match := range sqlBlock.FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, match[1])
	}
	return blocks
}

// TestQueriesOfTheDocs runs the queries of audit-table.md on the tables that
// warehouses/postgres.md creates, with rows of main, a pull request and another target.
func TestQueriesOfTheDocs(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	tables := regexp.MustCompile(`(?s)^.*?(create schema.*?)grant`).FindStringSubmatch(sqlOf(t,
		"warehouses/postgres.md")[1])
	if tables == nil {
		t.Fatal("the second SQL of warehouses/postgres.md creates no tables")
	}
	db.Exec(t, tables[1], `
		insert into dbt_audit.dbt_audit_run (run_id, completed_at, status, branch, target, pull_request) values
			('monday', '2026-01-05', 'success', 'main', 'prod', null), ('tuesday', '2026-01-06', 'success', 'main', 'prod', null),
			('pull', '2026-01-07', 'success', 'fix', 'prod', 7), ('dev', '2026-01-08', 'success', 'main', 'dev', null),
			('8f3d0c4e-2f6b-4a53-9a57-0d3c1f6d7c11', '2026-01-04', 'success', 'main', 'prod', null);
		insert into dbt_audit.dbt_audit_log (run_id, execution_time, row_count, node_id, phase, batch, model_name) values
			('monday', '2026-01-05 01:00', null, 'model.shop.fct_orders', 'before', null, 's.fct_orders - BEFORE'),
			('monday', '2026-01-05 01:01', 100, 'model.shop.fct_orders', 'after', null, 's.fct_orders - AFTER'),
			('tuesday', '2026-01-06 01:00', 100, 'model.shop.fct_orders', 'before', null, 's.fct_orders - BEFORE'),
			('tuesday', '2026-01-06 01:01', 80, 'model.shop.fct_orders', 'after', null, 's.fct_orders - AFTER'),
			('pull', '2026-01-07 01:01', 3, 'model.shop.fct_orders', 'after', null, 's.fct_orders - AFTER'),
			('dev', '2026-01-08 01:01', 4, 'model.shop.fct_orders', 'after', null, 's.fct_orders - AFTER'),
			('8f3d0c4e-2f6b-4a53-9a57-0d3c1f6d7c11', '2026-01-04 01:00', 50, 'model.shop.daily_orders', 'before', '20260101', 's.daily_orders - BEFORE'),
			('8f3d0c4e-2f6b-4a53-9a57-0d3c1f6d7c11', '2026-01-04 01:01', 60, 'model.shop.daily_orders', 'after', '20260101', 's.daily_orders - AFTER'),
			('8f3d0c4e-2f6b-4a53-9a57-0d3c1f6d7c11', '2026-01-04 01:02', 60, 'model.shop.daily_orders', 'before', '20260102', 's.daily_orders - BEFORE'),
			('8f3d0c4e-2f6b-4a53-9a57-0d3c1f6d7c11', '2026-01-04 01:03', 40, 'model.shop.daily_orders', 'after', '20260102', 's.daily_orders - AFTER')`)
	const day = " 00:00:00 +0000 UTC"
	want := [][][]string{
		{}, // the view is created
		{ // the last counts on main
			{"model.shop.daily_orders", "40", "2026-01-04 01:03:00 +0000 UTC"},
			{"model.shop.fct_orders", "80", "2026-01-06 01:01:00 +0000 UTC"},
		},
		{ // what each run did to fct_orders
			{"2026-01-05 01:01:00 +0000 UTC", "main", "<nil>", "<nil>", "<nil>", "100", "60", "<nil>"},
			{"2026-01-06 01:01:00 +0000 UTC", "main", "<nil>", "<nil>", "100", "80", "60", "<nil>"},
			{"2026-01-07 01:01:00 +0000 UTC", "fix", "7", "<nil>", "<nil>", "3", "<nil>", "<nil>"},
			{"2026-01-08 01:01:00 +0000 UTC", "main", "<nil>", "<nil>", "<nil>", "4", "<nil>", "<nil>"},
		},
		{{"20260101", "50", "60"}, {"20260102", "60", "40"}}, // the batches
		{ // large losses on main: the microbatch model from its first row before to its last after
			{"2026-01-04 01:03:00 +0000 UTC", "model.shop.daily_orders", "50", "40", "<nil>"},
			{"2026-01-06 01:01:00 +0000 UTC", "model.shop.fct_orders", "100", "80", "<nil>"},
		},
		{ // the last runs on main
			{"tuesday", "2026-01-06" + day, "success", "<nil>", "<nil>"},
			{"monday", "2026-01-05" + day, "success", "<nil>", "<nil>"},
			{"8f3d0c4e-2f6b-4a53-9a57-0d3c1f6d7c11", "2026-01-04" + day, "success", "<nil>", "<nil>"},
		},
	}
	var got [][][]string
	for _, query := range sqlOf(t, "audit-table.md") {
		got = append(got, db.Query(t, query))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
