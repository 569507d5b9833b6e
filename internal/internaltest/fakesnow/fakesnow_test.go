package fakesnow_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnow"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func TestEveryDatabaseIsItsOwn(t *testing.T) {
	t.Parallel()
	one, two := fakesnow.New(t), fakesnow.New(t)
	one.Exec(t, "create table only_here (n int, noon timestamp)",
		"insert into only_here values (1, '2026-11-23 10:00:00'), (null, null)")

	want := [][]string{{"1", "2026-11-23T10:00:00Z"}, {"<nil>", "<nil>"}}
	if diff := cmp.Diff(want, one.Query(t, "select * from only_here")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	const tables = "select table_name from information_schema.tables"
	if diff := cmp.Diff([][]string(nil), two.Query(t, tables)); diff != "" {
		t.Errorf("tables of the other database (-want +got):\n%s", diff)
	}
}

// TestABlockKeepsAFailureFromTheCaller checks what the audit hooks rely on.
func TestABlockKeepsAFailureFromTheCaller(t *testing.T) {
	t.Parallel()
	db := fakesnow.New(t)
	const block = "execute immediate $$ begin insert into t select 'it''s \\\\', 1; exception when other then return sqlerrm; end; $$"
	want := [][]string{{"SQL compilation error:\nObject 'T' does not exist or not authorized."}}
	if diff := cmp.Diff(want, db.Query(t, block)); diff != "" {
		t.Errorf("without the table (-want +got):\n%s", diff)
	}
	db.Exec(t, "create table t (s string, n int)")
	if diff := cmp.Diff([][]string{{"<nil>"}}, db.Query(t, block)); diff != "" {
		t.Errorf("with the table (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{`it's \`, "1"}}, db.Query(t, "select * from t")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	const count = "execute immediate $$ begin let n integer := 0; select count(*) into :n from t; return n; " +
		"exception when other then return sqlerrm; end; $$"
	if diff := cmp.Diff([][]string{{"1"}}, db.Query(t, count)); diff != "" {
		t.Errorf("a count (-want +got):\n%s", diff)
	}
}
