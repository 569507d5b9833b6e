package audit

import (
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// hookColumns returns which columns of an audit table the hooks can fill and, if these are
// not all, why they cannot store what a model wrote.
func hookColumns(table warehouse.Prepared) (columns dbt.Columns, uncaptured string) {
	lacking := func(names ...string) []string {
		return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(table.Columns, name) })
	}
	columns = dbt.AllColumns
	if lacks := lacking("inserted_rows", "updated_rows", "deleted_rows", "changed_rows", "watermark",
		"change_source", "run_group", "count_source", "carry"); len(lacks) > 0 {
		columns = dbt.RowColumns
		uncaptured = "the audit table lacks columns for them, such as " + lacks[0]
	}
	if table.Uncaptured {
		columns, uncaptured = dbt.RowColumns, "this warehouse or its version cannot be asked for them"
	}
	if len(lacking("node_id", "phase", "materialized", "batch")) > 0 {
		columns = dbt.TutorialColumns
	}
	return columns, uncaptured
}
