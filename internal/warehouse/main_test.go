package warehouse_test

import (
	"os"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }
