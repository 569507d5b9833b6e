package warehouse_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

func TestMain(m *testing.M) {
	if settings, asked := os.LookupEnv(aloneEnv); asked {
		fmt.Println(alone(settings))
		return
	}
	os.Exit(server.Main(m))
}
