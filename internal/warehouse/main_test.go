package warehouse_test

import (
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func TestMain(m *testing.M) {
	if address, asked := os.LookupEnv(browserEnv); asked {
		if page, err := http.Get(address); err == nil {
			page.Body.Close()
		}
		return
	}
	if settings, asked := os.LookupEnv(aloneEnv); asked {
		fmt.Println(alone(settings))
		return
	}
	server.InMemory()
	if err := warehouse.Quiet("snowflake", os.Setenv, os.TempDir()); err != nil {
		panic(err)
	}
	server.Parallel(8)
	os.Exit(server.Main(m))
}
