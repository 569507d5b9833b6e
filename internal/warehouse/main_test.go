package warehouse_test

import (
	"os"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

func TestMain(m *testing.M) { os.Exit(postgres.Main(m)) }
