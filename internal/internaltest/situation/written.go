package situation

import (
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// wrote makes a model incremental and sets what the run wrote to its table.
func wrote(m tally.Model, inserted, updated, deleted int64) tally.Model {
	m.Node.Materialized = "incremental"
	m.Written = &tally.Written{
		Inserted: &inserted, Updated: &updated, Deleted: &deleted, Source: tally.FromEngine,
	}
	return m
}

// Incremental returns a run of incremental models, a snapshot, and tables with a change
// column. One model has as many rows as before, but not the same ones. The count of a large
// one is carried over. What was written to another one is not known.
func Incremental() report.Report {
	snapshot := wrote(Model("customers_snapshot", tally.Grew, 1_000, 1_065, 0.9), 65, 35, 0)
	snapshot.Node.ID, snapshot.Node.ResourceType = "snapshot.shop.customers_snapshot", "snapshot"
	snapshot.Node.Materialized = "snapshot"
	snapshot.Written.Changed = new(int64(25))
	snapshot.Written.Versions = &tally.Versions{New: 40, Changed: 25, Closed: 10}
	unknown := Model("fct_clicks", tally.Grew, 10, 20, 0.5)
	unknown.Node.Materialized = "incremental"
	unknown.Written = &tally.Written{Reason: "a hook of the project may have changed rows too"}
	large := wrote(Model("fct_events", tally.Grew, 5_000_000, 5_001_204, 2.4), 1_204, 0, 0)
	large.CountSource = tally.Carried
	table := Model("dim_date", tally.Grew, 1, 2, 0.5)
	table.Written = &tally.Written{Reason: "it was rebuilt: all of its rows were written anew"}
	dated := wrote(Model("dim_customers", tally.Grew, 1_000, 1_030, 0.6), 40, 25, 10)
	dated.Node.Materialized, dated.Written.Source, dated.Written.Changed = "table", tally.FromColumn, new(int64(65))
	changed := Model("dim_products", tally.Unchanged, 300, 300, 0.6)
	changed.Written = &tally.Written{Source: tally.FromColumn, Changed: new(int64(12))}
	return Report(Run(), tally.Tally{Models: []tally.Model{
		dated, changed,
		wrote(Model("fct_orders", tally.Grew, 98_000, 98_030, 12.4), 40, 25, 10),
		large,
		wrote(Model("fct_sessions", tally.Unchanged, 500, 500, 0.4), 500, 0, 500),
		wrote(Model("fct_first", tally.New, Unknown, 500, 0.4), 500, 0, 0),
		wrote(Model("fct_idle", tally.Unchanged, 7, 7, 0.4), 0, 0, 0),
		snapshot, unknown, table,
	}})
}
