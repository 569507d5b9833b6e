package warehouse_test

import (
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnow"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnowflake"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func newSnowflakeLab(t *testing.T) lab {
	db := fakesnow.New(t)
	inSnowflake := strings.NewReplacer(" int,", " number(9,0),")
	return lab{
		schema: db.Schema,
		options: func(table warehouse.Table, access warehouse.Access) warehouse.Options {
			return snowflakeOptions(db, table, access)
		},
		exec: func(t *testing.T, statements ...string) {
			t.Helper()
			for _, statement := range statements {
				db.Exec(t, strings.Split(inSnowflake.Replace(statement), ";\n")...)
			}
		},
	}
}

func snowflakeOptions(db fakesnow.Database, table warehouse.Table, access warehouse.Access) warehouse.Options {
	return warehouse.Options{
		Target: warehouse.Target{Type: "snowflake", Settings: db.Settings()},
		Table:  table,
		Access: access,
	}
}

// behind records the statements that the database receives, and makes it refuse those
// that contain a text.
func behind(t *testing.T, db fakesnow.Database, refused string) (_ fakesnow.Database, sent func() []string) {
	var mu sync.Mutex
	var statements []string
	see := func(sql string) string {
		mu.Lock()
		defer mu.Unlock()
		statements = append(statements, sql)
		if refused != "" && strings.Contains(sql, refused) {
			return "not here: " + refused
		}
		return ""
	}
	return db.Between(t, see), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(statements)
	}
}

func TestSnowflakeInsertsAreGuardedByTheBlockThatWasProven(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		refused       string
		guarded       bool
		problem, fail string
	}{
		"the block is accepted": {"", true, "", ""},
		"the block is refused": {
			"execute immediate", false,
			"as the warehouse refuses the block that prevents this: 003001 (42501): not here: execute immediate", "",
		},
		"the insert is refused": {"insert into", false, "", `grant insert on table "TEST`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, _ := behind(t, fakesnow.New(t), tc.refused)
			prepared, err := open(t, snowflakeOptions(db, warehouse.Table{Name: "log"}, warehouse.Write)).Prepare(t.Context())
			if tc.fail != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fail) {
					t.Errorf("error %v; want %q in it", err, tc.fail)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if guarded := strings.Count(prepared.Guard, "{}") == 1; guarded != tc.guarded {
				t.Errorf("guard %q; want one: %t", prepared.Guard, tc.guarded)
			}
			if got := strings.Join(prepared.Problems, "\n"); !strings.Contains(got, tc.problem) ||
				(got == "") != (tc.problem == "") {
				t.Errorf("problems %q; want %q", got, tc.problem)
			}
			if diff := gocmp.Diff([][]string{{"0"}}, db.Query(t, "select count(*) from log")); diff != "" {
				t.Errorf("rows that the proof left (-want +got):\n%s", diff)
			}
		})
	}
}

// The emulator does not distinguish names by case, so the test compares the statements.
func TestSnowflakeNamesAreThoseThatSnowflakeMeans(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		table  warehouse.Table
		quoted []string // by dbt
		want   string
	}{
		"plain":                {warehouse.Table{Schema: "audit", Name: "dbt_audit_log"}, nil, `"AUDIT"."DBT_AUDIT_`},
		"quoted by the user":   {warehouse.Table{Schema: `"audit"`, Name: `"a ""b"" Log"`}, nil, `"audit"."a ""b"" Log`},
		"not plain":            {warehouse.Table{Schema: "2026 audit", Name: "log$"}, nil, `"2026 audit"."LOG$`},
		"dbt's":                {warehouse.Table{Name: "log"}, nil, `"DEV"."LOG`},
		"dbt's, and it quotes": {warehouse.Table{Name: "log"}, []string{"schema"}, `"dev"."LOG`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, sent := behind(t, fakesnow.New(t), "create table")
			o := snowflakeOptions(db, tc.table, warehouse.Write)
			o.Target.Settings["schema"], o.Target.Quoted = "dev", tc.quoted
			_, _ = open(t, o).Prepare(t.Context())
			statements := sent()
			want := `create table if not exists "` + db.Name + `".` + tc.want
			if last := statements[len(statements)-1]; !strings.HasPrefix(last, want) {
				t.Errorf("%s; want %q", last, tc.want)
			}
		})
	}
}

func TestSnowflakeStatementsAreKnownByTheirComment(t *testing.T) {
	t.Parallel()
	db, sent := behind(t, fakesnow.New(t), "")
	store := open(t, snowflakeOptions(db, warehouse.Table{Name: "log"}, warehouse.Write))
	prepare(t, store)
	collect(
		t, store,
		warehouse.CollectRequest{
			Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now"}},
			History: warehouse.HistoryQuery{Wanted: true, Before: at("10:00:00")},
		},
	)
	for _, statement := range sent() {
		if !strings.HasSuffix(statement, "/* dbt_tally */") &&
			!slices.Contains([]string{"BEGIN", "COMMIT", "ROLLBACK"}, statement) {
			t.Errorf("no comment at the end of %s", statement)
		}
	}
}

func TestSnowflakeTimesAreUTCWhateverTheirType(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"timestamp_ntz", "timestamp_ltz", "timestamp_tz", "varchar"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			db := fakesnow.New(t)
			db.Exec(t, "create table log (model_name varchar, execution_time "+typ+", row_count varchar, run_id varchar)",
				"insert into log values ('orders - after', '2026-11-23 10:00:00.5', '12.00', 'run'), ('bare', '2026-11-23 "+
					"10:00:00', '', 'run')")
			store := open(t, snowflakeOptions(db, warehouse.Table{Name: "log"}, warehouse.Write))
			prepare(t, store)
			row := tally.Row{Invocation: "run", Relation: "orders", Phase: tally.After, Time: at("10:00:00.5"), Count: rows(12)}
			if diff := gocmp.Diff([]tally.Row{row}, read(t, store, "run")); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			audit, _, err := store.Prune(t.Context(), at("10:00:00.2"), true, nil)
			if audit != 1 || err != nil {
				t.Errorf("%d rows are older, %v; want 1", audit, err)
			}
		})
	}
}

// If two jobs create the table at once, the later one uses the table of the first.
func TestASnowflakeTableOfAConcurrentJobIsUsed(t *testing.T) {
	t.Parallel()
	fake := fakesnowflake.New(t)
	fake.Answer("union all", withSchema(noTable, true), withSchema(tutorialCatalog, true))
	fake.Answer(
		"create table",
		fakesnowflake.Result{
			Refusal: &fakesnowflake.Refusal{Code: 2002, SQLState: "42710", Message: "Object 'LOG' already exists."},
		},
	)
	fake.Answer("alter table", fakesnowflake.Result{})
	fake.Answer("execute immediate", fakesnowflake.Result{Columns: []string{"anonymous block"}, Rows: [][]any{{nil}}})
	fake.Answer("information_schema", tutorialCatalog)
	o := fakeOptions(fake, nil)
	o.Access = warehouse.Write
	if diff := gocmp.Diff(allColumns[:4], prepare(t, open(t, o)).Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

// TestSnowflakeTablesOfTheDocsAreComplete creates the tables with the statements for
// administrators in docs/warehouses/snowflake.md.
func TestSnowflakeTablesOfTheDocsAreComplete(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/warehouses/snowflake.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(string(page), "```sql\ncreate schema SHOP.")
	script, _, found := strings.Cut("create schema SHOP."+script, ";\n```")
	if !found {
		t.Fatal("no tables for Snowflake in the page")
	}
	db := fakesnow.New(t)
	db.Exec(t, strings.Split(strings.ReplaceAll(script, "SHOP.", db.Name+"."), ";\n")...)
	db, sent := behind(t, db, "")
	prepared := prepare(
		t,
		open(t, snowflakeOptions(db, warehouse.Table{Schema: "dbt_audit", Name: "dbt_audit_log"}, warehouse.Write)),
	)
	if len(prepared.Problems) > 0 {
		t.Errorf("problems %q", prepared.Problems)
	}
	for _, statement := range sent() {
		if strings.HasPrefix(statement, "create table") || strings.HasPrefix(statement, "alter") {
			t.Errorf("the tables of the page are altered: %s", statement)
		}
	}
}
