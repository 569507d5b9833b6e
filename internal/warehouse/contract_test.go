package warehouse_test

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// lab is one kind of warehouse with an empty database.
type lab struct {
	schema  string // the schema of unqualified names
	options func(warehouse.Table, warehouse.Access) warehouse.Options
	exec    func(t *testing.T, statements ...string)
}

func (l lab) open(t *testing.T, table warehouse.Table, access warehouse.Access) *warehouse.Store {
	t.Helper()
	return open(t, l.options(table, access))
}

var allColumns = []string{
	"model_name", "execution_time", "row_count", "run_id", "node_id", "phase", "materialized", "batch",
	"changed_rows", "inserted_rows", "updated_rows", "deleted_rows", "watermark", "change_source", "run_group", "count_source", "carry",
}

// TestContract checks every way to a warehouse against the same contract. A call through
// dbt takes seconds, so each case checks as much as possible per call.
func TestContract(t *testing.T) {
	t.Parallel()
	for name, newLab := range map[string]func(*testing.T) lab{
		"postgres":                newPostgresLab,
		"postgres, without UTF-8": newOldPostgresLab,
		"postgres, pooled":        newPooledPostgresLab,
		"mariadb":                 newMariaDBLab,
		"mysql":                   newMySQLLab,
		"duckdb":                  newDuckDBLab,
		"duckdb through dbt":      newDuckDBThroughDBTLab,
		"snowflake":               newSnowflakeLab,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			t.Run("a new table is created once and accepts rows", l.freshTable)
			t.Run("the tutorial's table is adopted with its rows", l.adopted)
			t.Run("a table of another shape is refused and left alone", l.refused)
			t.Run("a narrow row_count is reported with the fix", l.narrow)
			t.Run("the table of a project's own hooks is only read", l.readOnly)
			t.Run("a missing table is reported", l.missing)
			t.Run("runs are recorded once and found by later runs", l.history)
			t.Run("trends are read of runs of any outcome", l.trends)
			t.Run("the view shows what each run did", l.historyView)
			t.Run("a named run is found, or reported as unknown", l.oneRun)
			t.Run("without a run table the newest rows are the history", l.fallback)
			t.Run("old rows are deleted from both tables", l.pruned)
		})
	}
}

func (l lab) freshTable(t *testing.T) {
	store := l.open(t, warehouse.Table{Schema: "audit Ünï", Name: "Audit log"}, warehouse.Write)
	first, again := prepare(t, store), prepare(t, store)
	if diff := gocmp.Diff(allColumns, first.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(first, again); diff != "" || len(first.Problems) > 0 {
		t.Errorf("second preparation (-first +second), problems %q:\n%s", first.Problems, diff)
	}

	const insert = "insert into RELATION (model_name, execution_time, row_count, run_id, node_id, phase, " +
		"materialized, inserted_rows, updated_rows, deleted_rows, changed_rows, change_source) values "
	l.exec(t, strings.ReplaceAll(insert, "RELATION", first.Relation)+`
		('"db"."s"."orders" - BEFORE', '2026-11-23 10:00:00.123456', null, 'one', 'model.shop.orders', 'before', '',
			null, null, null, null, null),
		('"db"."s"."orders" - AFTER', '2026-11-23 10:00:01', 9223372036854775807,
			'one', 'model.shop.orders', 'after', 'table', 40, 2147483648, 0, null, 'engine'),
		('"d""b"."Größe: it''s ✓"."a - b" - AFTER', '2026-11-23 10:00:02.5', 2147483648, 'two''s', null, 'after', null,
			null, null, null, 7, 'rebuilt'),
		('"db"."s"."orders" - AFTER', '2026-11-23 10:00:03', 1, 'three', 'model.shop.orders', 'after', 'table',
			null, null, null, null, null)`)
	want := []tally.Row{
		{
			Invocation: "one", NodeID: "model.shop.orders", Relation: `"db"."s"."orders"`, Phase: tally.Before,
			Time: at("10:00:00.123456"),
		},
		{
			Invocation: "one", NodeID: "model.shop.orders", Relation: `"db"."s"."orders"`, Phase: tally.After,
			Time: at("10:00:01"), Count: rows(math.MaxInt64), Materialized: "table",
			Written: tally.Written{Inserted: rows(40), Updated: rows(1 << 31), Deleted: rows(0), Source: "engine"},
		},
		{
			Invocation: "two's", Relation: `"d""b"."Größe: it's ✓"."a - b"`, Phase: tally.After,
			Time: at("10:00:02.5"), Count: rows(1 << 31), Written: tally.Written{Changed: rows(7), Source: "rebuilt"},
		},
	}
	if diff := gocmp.Diff(want, read(t, store, "one", "two's", "unknown")); diff != "" {
		t.Errorf("rows of two invocations (-want +got):\n%s", diff)
	}
	// An unknown ID finds neither the test row of Prepare nor any other row.
	if diff := gocmp.Diff([]tally.Row{}, read(t, store, "unknown", "dbt-tally proof")); diff != "" {
		t.Errorf("rows of an unknown invocation (-want +got):\n%s", diff)
	}
}

// tutorialTable is the tutorial's audit table. The tutorial's hooks give both rows of a
// model the same time.
const tutorialTable = `
	create table NAME (model_name varchar, execution_time timestamp, row_count bigint, run_id varchar);
	insert into NAME values
		('"db"."main"."orders" - BEFORE', '2026-11-23 10:00:00', 7, 'run'),
		('"db"."main"."orders" - AFTER', '2026-11-23 10:00:00', 8, 'run'),
		('started', '2026-11-23 10:00:00', null, 'run')`

var tutorialRows = []tally.Row{
	{Invocation: "run", Relation: `"db"."main"."orders"`, Phase: tally.Before, Time: at("10:00:00"), Count: rows(7)},
	{Invocation: "run", Relation: `"db"."main"."orders"`, Phase: tally.After, Time: at("10:00:00"), Count: rows(8)},
}

func (l lab) adopted(t *testing.T) {
	l.exec(t, strings.ReplaceAll(tutorialTable, "NAME", "tutorial"))
	store := l.open(t, warehouse.Table{Schema: l.schema, Name: "tutorial"}, warehouse.Write)
	if diff := gocmp.Diff(allColumns, prepare(t, store).Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(tutorialRows, read(t, store, "run")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func (l lab) refused(t *testing.T) {
	l.exec(t, "create table events (Event_Name varchar, run_id varchar)")
	_, err := l.open(t, warehouse.Table{Schema: l.schema, Name: "events"}, warehouse.Write).Prepare(t.Context())
	want := "it lacks model_name, execution_time, row_count and has event_name, run_id; expected at least"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v; want %q in it", err, want)
	}
	l.exec(t, "insert into events values ('still', 'two columns')")
}

func (l lab) narrow(t *testing.T) {
	l.exec(t, "create table narrow (model_name varchar, execution_time timestamp, row_count int, run_id varchar)")
	store := l.open(t, warehouse.Table{Schema: l.schema, Name: "narrow"}, warehouse.Read)
	problems := prepare(t, store).Problems
	if len(problems) != 1 {
		t.Fatalf("problems %q; want one", problems)
	}
	_, alter, _ := strings.Cut(problems[0], "widen it: ")
	l.exec(t, alter)
	l.exec(t, "insert into narrow values ('a - AFTER', '2026-11-23 10:00:00', 2147483648, 'run')")
}

func (l lab) readOnly(t *testing.T) {
	l.exec(t, strings.ReplaceAll(tutorialTable, "NAME", "dbt_audit_log"))
	store := l.open(t, warehouse.Table{Name: "dbt_audit_log"}, warehouse.Read)
	if diff := gocmp.Diff(allColumns[:4], prepare(t, store).Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(tutorialRows, read(t, store, "run")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func (l lab) missing(t *testing.T) {
	store := l.open(t, warehouse.Table{Schema: "nowhere", Name: "nothing"}, warehouse.Read)
	if _, err := store.Prepare(t.Context()); !errors.Is(err, warehouse.ErrNoTable) {
		t.Errorf("prepare: %v; want ErrNoTable", err)
	}
	_, err := store.Collect(t.Context(), warehouse.CollectRequest{Invocations: []string{"run"}})
	if !errors.Is(err, warehouse.ErrNoTable) {
		t.Errorf("collect: %v; want ErrNoTable", err)
	}
}

func open(t testing.TB, o warehouse.Options) *warehouse.Store {
	t.Helper()
	store, err := warehouse.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

func prepare(t testing.TB, store *warehouse.Store) warehouse.Prepared {
	t.Helper()
	prepared, err := store.Prepare(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return prepared
}

// read returns the rows in the order of their times; rows of the same time are ordered
// before, after.
func read(t *testing.T, store *warehouse.Store, invocations ...string) []tally.Row {
	t.Helper()
	got := collect(t, store, warehouse.CollectRequest{Invocations: invocations}).Rows
	slices.SortFunc(got, func(a, b tally.Row) int {
		return cmp.Or(a.Time.Compare(b.Time), -cmp.Compare(a.Phase, b.Phase))
	})
	return got
}

func at(clock string) time.Time {
	t, err := time.Parse(time.DateTime, "2026-11-23 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

func rows(n int64) *int64 { return &n }
