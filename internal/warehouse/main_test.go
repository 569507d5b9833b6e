package warehouse_test

import (
	"os"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/mariadb"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

func TestMain(m *testing.M) {
	code := postgres.Main(m)
	mariadb.Stop()
	os.Exit(code)
}
