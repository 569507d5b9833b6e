package warehouse_test

import (
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnow"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func newSnowflakeLab(t *testing.T) lab {
	db := fakesnow.New(t)
	inSnowflake := strings.NewReplacer(" int,", " number(9,0),")
	return lab{
		schema: db.Schema,
		open: func(t *testing.T, table warehouse.Table, access warehouse.Access) *warehouse.Store {
			return open(t, snowflakeOptions(db, table, access))
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
