package warehouse_test

import (
	"os"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

const viewedRows = `
	insert into RELATION (model_name, execution_time, row_count, run_id, node_id, phase, inserted_rows, deleted_rows, changed_rows) values
	('s.orders - BEFORE', '2026-11-23 08:00:10', 90, 'first', 'model.shop.orders', 'before', null, null, null),
	('s.orders - AFTER', '2026-11-23 08:00:12.5', 100, 'first', 'model.shop.orders', 'after', 12, 2, 4),
	('s.orders - AFTER', '2026-11-23 08:00:13', 7, 'first', null, null, null, null, null),
	('s.days - BEFORE', '2026-11-23 08:00:20', null, 'first', 'model.shop.days', 'before', null, null, null),
	('s.days - AFTER', '2026-11-23 08:00:21', 3, 'first', 'model.shop.days', 'after', 3, null, null),
	('s.days - BEFORE', '2026-11-23 08:00:22', 3, 'first', 'model.shop.days', 'before', null, null, null),
	('s.days - AFTER', '2026-11-23 08:00:24', 8, 'first', 'model.shop.days', 'after', 5, 0, 1),
	('s.orders - AFTER', '2026-11-23 09:00:00', 9, 'not recorded', 'model.shop.orders', 'after', null, null, null)`

// historyView reads the view with statements that copy it into the audit table: one row
// per number of each line.
func (l lab) historyView(t *testing.T) {
	store := l.open(t, warehouse.Table{Schema: "views", Name: "dbt_audit_log"}, warehouse.Write)
	relation := prepare(t, store).Relation
	view := strings.NewReplacer("audit_log", "audit_history", "AUDIT_LOG", "AUDIT_HISTORY").Replace(relation)
	l.exec(t, strings.ReplaceAll(viewedRows, "RELATION", relation))
	collect(t, store, warehouse.CollectRequest{Runs: []tally.Run{{
		ID: "first", CompletedAt: at("08:01:00"), Status: "success", Branch: "main", Target: "prod", Commit: "1a2b3c4",
	}}})
	store.Close() // DuckDB's file has one writer
	numbers := []string{"rows_before", "rows_after", "inserted_rows", "updated_rows", "deleted_rows", "changed_rows", "seconds * 10"}
	for _, number := range numbers {
		l.exec(t, "insert into "+relation+" (model_name, execution_time, row_count, run_id, node_id, phase) "+
			"select concat(relation, ' - AFTER'), built_at, "+number+", '"+number+"', node_id, 'after' from "+view+
			" where branch = 'main' and target = 'prod' and commit_sha = '1a2b3c4' and run_id = 'first'")
	}
	store = l.open(t, warehouse.Table{Schema: "views", Name: "dbt_audit_log"}, warehouse.Read)
	line := func(number, model, clock string, n *int64) tally.Row {
		return tally.Row{
			Invocation: number, NodeID: "model.shop." + model, Relation: "s." + model, Phase: tally.After,
			Time: at(clock), Count: n,
		}
	}
	for number, want := range map[string][2]*int64{
		"rows_before": {rows(90), nil}, "rows_after": {rows(100), rows(8)}, "inserted_rows": {rows(12), rows(8)},
		"updated_rows": {nil, nil}, "deleted_rows": {rows(2), nil}, "changed_rows": {rows(4), nil}, "seconds * 10": {rows(30), rows(40)},
	} {
		lines := []tally.Row{line(number, "orders", "08:00:13", want[0]), line(number, "days", "08:00:24", want[1])}
		if diff := gocmp.Diff(lines, read(t, store, number)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", number, diff)
		}
	}
}

// A view that cannot be created is reported, and created as soon as that is possible.
func TestThePostgresViewFollowsItsTables(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	views := func() string {
		return db.Query(t, "select count(*) from pg_views where viewname = 'log_history'")[0][0]
	}
	db.Exec(t, "create schema audit")
	audit := warehouse.Table{Schema: "audit", Name: "log"}
	prepare(t, open(t, options(db, audit, warehouse.Write)))
	if views() != "1" {
		t.Fatal("there is no view")
	}
	guest := db.As(t, "guest")
	role := postgres.Quote(guest.User)
	db.Exec(t, "drop view audit.log_history", "grant usage on schema audit to "+role,
		"grant select, insert on all tables in schema audit to "+role)
	problems := prepare(t, open(t, options(guest, audit, warehouse.Write))).Problems
	want := `the view audit.log_history, which only your own queries use, is missing: ERROR: permission denied for schema audit ` +
		`(SQLSTATE 42501); grant usage, create on schema "audit" to `
	if len(problems) != 1 || !strings.HasPrefix(problems[0], want) {
		t.Errorf("problems %q; want one that begins with %q", problems, want)
	}
	db.Exec(t, "alter table audit.log alter column row_count type integer")
	prepare(t, open(t, options(db, audit, warehouse.Write)))
	if views() != "0" {
		t.Error("the view of a narrow row_count keeps it from being widened")
	}
	db.Exec(t, "alter table audit.log alter column row_count type bigint")
	prepare(t, open(t, options(db, audit, warehouse.Write)))
	if views() != "1" {
		t.Error("the view is not created again")
	}
}

// docs/audit-table.md has the view for administrators.
func TestTheDocumentedViewIsTheCreatedOne(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/audit-table.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```sql\ncreate view")
	documented, _, _ := strings.Cut(rest, "```")
	db := postgres.New(t)
	view := func() string {
		return db.Query(t, "select pg_get_viewdef('dbt_audit.dbt_audit_history'::regclass)")[0][0]
	}
	prepare(t, open(t, options(db, warehouse.Table{Schema: "dbt_audit", Name: "dbt_audit_log"}, warehouse.Write)))
	created := view()
	db.Exec(t, "drop view dbt_audit.dbt_audit_history", "create view "+documented)
	if diff := gocmp.Diff(created, view()); diff != "" {
		t.Errorf("docs (-created +documented):\n%s", diff)
	}
}
