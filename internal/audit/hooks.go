package audit

import (
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// hookColumns returns which columns of an audit table the hooks can fill.
func hookColumns(table warehouse.Prepared) dbt.Columns {
	lacks := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(table.Columns, name) })
	}
	switch {
	case lacks("node_id", "phase", "materialized", "batch"):
		return dbt.TutorialColumns
	case table.Uncaptured,
		lacks("inserted_rows", "updated_rows", "deleted_rows", "changed_rows", "change_source", "run_group"):
		return dbt.RowColumns
	default:
		return dbt.AllColumns
	}
}
