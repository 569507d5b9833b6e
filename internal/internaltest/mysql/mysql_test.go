package mysql_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func TestEveryDatabaseIsItsOwn(t *testing.T) {
	t.Parallel()
	for _, flavour := range mysql.Flavours {
		one, two := mysql.New(t, flavour), mysql.New(t, flavour)
		one.Exec(t, "create table only_here (n int); insert into only_here values (1), (null)")

		if diff := cmp.Diff([][]string{{"1"}, {"<nil>"}}, one.Query(t, "select n from only_here")); diff != "" {
			t.Errorf("%s: rows (-want +got):\n%s", flavour, diff)
		}
		if diff := cmp.Diff([][]string(nil), two.Query(t, "show tables")); diff != "" {
			t.Errorf("%s: tables of the other database (-want +got):\n%s", flavour, diff)
		}
	}
}

func TestAUserHasNoRightOfItsOwn(t *testing.T) {
	t.Parallel()
	for _, flavour := range mysql.Flavours {
		db := mysql.New(t, flavour)
		guest := db.As(t, "guest")
		guest.Name = ""

		got := guest.Query(t, "select count(*), user() like 'guest_%' from information_schema.tables where table_schema = '"+db.Name+"'")
		if diff := cmp.Diff([][]string{{"0", "1"}}, got); diff != "" {
			t.Errorf("%s: tables it sees, own name (-want +got):\n%s", flavour, diff)
		}
	}
}

func TestTheFlavoursAreNotTheSame(t *testing.T) {
	t.Parallel()
	for _, flavour := range mysql.Flavours {
		version := mysql.New(t, flavour).Query(t, "select version()")[0][0]
		if is := strings.Contains(version, "MariaDB"); is != (flavour == mysql.MariaDB) {
			t.Errorf("%s is %s", flavour, version)
		}
	}
}
