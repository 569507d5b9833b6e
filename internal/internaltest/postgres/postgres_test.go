package postgres_test

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

func TestEveryDatabaseIsItsOwn(t *testing.T) {
	t.Parallel()
	one, two := postgres.New(t), postgres.New(t)
	one.Exec(t, "create table only_here (n int); insert into only_here values (1), (null)")

	if diff := cmp.Diff([][]string{{"1"}, {"<nil>"}}, one.Query(t, "select n from only_here")); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"<nil>"}}, two.Query(t, "select to_regclass('only_here')")); diff != "" {
		t.Errorf("table in the other database (-want +got):\n%s", diff)
	}
}

func TestARoleHasNoRightOfItsOwn(t *testing.T) {
	t.Parallel()
	db := postgres.New(t)
	guest := db.As(t, "guest")

	got := guest.Query(t, "select has_database_privilege(current_database(), 'create'), has_schema_privilege('public', 'usage'), current_user = '"+guest.User+"'")
	if diff := cmp.Diff([][]string{{"false", "true", "true"}}, got); diff != "" {
		t.Errorf("rights to create, to use public, own name (-want +got):\n%s", diff)
	}
}
