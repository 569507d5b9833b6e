package warehouse_test

import (
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// The fingerprints of a large project are written and read in a fraction of a second. The
// limit is loose, because other tests run at the same time.
func TestFingerprintsOfALargeProject(t *testing.T) {
	t.Parallel()
	l := newPostgresLab(t)
	store := l.open(t, auditLog, warehouse.Write)
	prepare(t, store)
	code := warehouse.Code{RunID: "main", Fingerprints: map[string]string{}, Columns: map[string][]tally.Column{}}
	for i := range 5000 {
		id := fmt.Sprintf("model.a_large_project.model_number_%d", i)
		code.Fingerprints[id] = fmt.Sprintf("%032x", i)
		for column := range 20 {
			code.Columns[id] = append(code.Columns[id], tally.Column{Name: fmt.Sprintf("c%d_%d", column, i/5), Type: "integer"})
		}
	}
	collect(t, store, warehouse.CollectRequest{
		Runs: []tally.Run{{ID: "main", CompletedAt: at("08:00:00"), Status: "success"}}, Code: code,
	})
	got := collect(t, store, warehouse.CollectRequest{
		Invocations: []string{"now"}, History: warehouse.HistoryQuery{Wanted: true, Before: at("09:00:00")},
	})
	if diff := gocmp.Diff(code.Fingerprints, got.History.Fingerprints); diff != "" || len(got.Problems) > 0 {
		t.Errorf("problems %q, fingerprints (-want +got):\n%s", got.Problems, diff)
	}
	if diff := gocmp.Diff(code.Columns, got.History.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

// One query returns the columns of all relations of a run, with their types as the
// catalog prints them.
func TestColumnsOfManyRelations(t *testing.T) {
	t.Parallel()
	l := newPostgresLab(t)
	store := l.open(t, auditLog, warehouse.Write)
	prepare(t, store)
	l.exec(t, `create schema "Größe: it's ✓"; create table "Größe: it's ✓"."a.b" (id int, amount numeric(10, 2))`,
		`do $$ begin for i in 1..1000 loop execute format(
			'create table many_%s (a int, b int, c int, d int, e int, f int, g int, h int, i int, j int)', i);
		end loop; end $$`)
	relations := map[string]string{"model.shop.odd": `"db"."Größe: it's ✓"."a.b"`, "model.shop.gone": `"db"."public"."gone"`}
	for i := range 1000 {
		relations[fmt.Sprintf("model.shop.many_%d", i+1)] = fmt.Sprintf(`"db"."public"."many_%d"`, i+1)
	}
	got := collect(t, store, warehouse.CollectRequest{Invocations: []string{"now"}, Relations: relations})
	want := []tally.Column{{Name: "id", Type: "integer"}, {Name: "amount", Type: "numeric(10,2)"}}
	if diff := gocmp.Diff(want, got.Columns["model.shop.odd"]); diff != "" || len(got.Problems) > 0 {
		t.Errorf("problems %q, columns (-want +got):\n%s", got.Problems, diff)
	}
	if len(got.Columns) != 1001 || len(got.Columns["model.shop.many_7"]) != 10 {
		t.Errorf("columns of %d relations, want 1,001", len(got.Columns))
	}
}

// A role that may not create the node table causes a problem. Its runs are recorded and
// compared without fingerprints.
func TestWithoutANodeTable(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	prepare(t, open(t, options(db, auditLog, warehouse.Write)))
	guest := db.As(t, "guest")
	role := postgres.Quote(guest.User)
	schema := postgres.Quote(auditLog.Schema)
	db.Exec(t, "drop table "+schema+".dbt_audit_node, "+schema+".dbt_audit_columns",
		"grant usage on schema "+schema+" to "+role, "grant select, insert on all tables in schema "+schema+" to "+role)
	store := open(t, options(guest, auditLog, warehouse.Write))
	problems := prepare(t, store).Problems
	want := "code fingerprints are not stored in " + auditLog.Schema + ".dbt_audit_node"
	if len(problems) == 0 || !strings.Contains(strings.Join(problems, "\n"), want) {
		t.Errorf("problems %q; want %q", problems, want)
	}
	code := warehouse.Code{RunID: "main", Fingerprints: map[string]string{"model.shop.orders": "f"}}
	collect(t, store, warehouse.CollectRequest{
		Runs: []tally.Run{{ID: "main", CompletedAt: at("08:00:00"), Status: "success"}}, Code: code,
	})
	got := collect(t, store, warehouse.CollectRequest{
		Invocations: []string{"now"}, History: warehouse.HistoryQuery{Wanted: true, Before: at("09:00:00")},
	})
	if len(got.History.Runs) != 1 || got.History.Fingerprints != nil || len(got.Problems) > 0 {
		t.Errorf("%+v; want the run without fingerprints", got)
	}
}

// All nodes of a large project are stored, or none.
func TestNodesAreNotStoredInPart(t *testing.T) {
	t.Parallel()
	l := newPostgresLab(t)
	store := l.open(t, auditLog, warehouse.Write)
	prepare(t, store)
	l.exec(t, "alter table audit.dbt_audit_node add check (fingerprint <> 'refused')")
	code := warehouse.Code{RunID: "main", Fingerprints: map[string]string{"model.shop.z": "refused"}}
	for i := range 2000 {
		code.Fingerprints[fmt.Sprintf("model.shop.m%d", i)] = "f"
	}
	got := collect(t, store, warehouse.CollectRequest{
		Runs: []tally.Run{{ID: "main", CompletedAt: at("08:00:00"), Status: "success"}}, Code: code,
	})
	if len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "are not stored in audit.dbt_audit_node") {
		t.Errorf("problems %q; want one", got.Problems)
	}
	got = collect(t, store, warehouse.CollectRequest{
		Invocations: []string{"now"}, History: warehouse.HistoryQuery{Wanted: true, Before: at("09:00:00")},
	})
	if len(got.History.Runs) != 1 || got.History.Fingerprints != nil {
		t.Errorf("%d fingerprints of %d runs; want none, of one", len(got.History.Fingerprints), len(got.History.Runs))
	}
}
