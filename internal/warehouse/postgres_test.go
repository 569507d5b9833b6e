package warehouse_test

import (
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func newPostgresLab(t *testing.T) lab {
	db := postgres.New(t)
	return lab{
		schema: "public",
		open: func(t *testing.T, table warehouse.Table, access warehouse.Access) *warehouse.Store {
			return open(t, options(db, table, access))
		},
		exec: func(t *testing.T, statements ...string) { t.Helper(); db.Exec(t, statements...) },
	}
}

func options(db postgres.Database, table warehouse.Table, access warehouse.Access) warehouse.Options {
	return warehouse.Options{
		Target: warehouse.Target{Type: "postgres", Settings: db.Settings()},
		Table:  table,
		Access: access,
	}
}
