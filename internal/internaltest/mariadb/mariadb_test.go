package mariadb_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mariadb"
)

func TestMain(m *testing.M) {
	code := m.Run()
	mariadb.Stop()
	os.Exit(code)
}

func TestEveryDatabaseIsItsOwn(t *testing.T) {
	t.Parallel()
	one, two := mariadb.New(t), mariadb.New(t)
	one.Exec(t, "create table only_here (n int); insert into only_here values (1), (null)")

	if diff := cmp.Diff([][]string{{"1"}, {"<nil>"}}, one.Query(t, "select n from only_here")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string(nil), two.Query(t, "show tables")); diff != "" {
		t.Errorf("tables of the other database (-want +got):\n%s", diff)
	}
}

func TestAUserHasNoRightOfItsOwn(t *testing.T) {
	t.Parallel()
	db := mariadb.New(t)
	guest := db.As(t, "guest")
	guest.Name = ""

	got := guest.Query(t, "select count(*), user() like 'guest_%' from information_schema.tables where table_schema = '"+db.Name+"'")
	if diff := cmp.Diff([][]string{{"0", "1"}}, got); diff != "" {
		t.Errorf("tables it sees, own name (-want +got):\n%s", diff)
	}
}
