package audit

import (
	"slices"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func TestHooksFillTheColumnsThatTheTableHas(t *testing.T) {
	t.Parallel()
	tutorial := []string{"model_name", "execution_time", "row_count", "run_id"}
	rows := slices.Concat(tutorial, []string{"node_id", "phase", "materialized", "batch"})
	all := slices.Concat(rows, []string{
		"inserted_rows", "updated_rows", "deleted_rows", "changed_rows", "watermark", "change_source", "run_group", "count_source", "carry",
	})
	tests := map[string]struct {
		table warehouse.Prepared
		want  dbt.Columns
	}{
		"the tutorial's table":  {warehouse.Prepared{Columns: tutorial}, dbt.TutorialColumns},
		"one column too few":    {warehouse.Prepared{Columns: rows[:len(rows)-1]}, dbt.TutorialColumns},
		"an older table":        {warehouse.Prepared{Columns: rows}, dbt.RowColumns},
		"a table of ours":       {warehouse.Prepared{Columns: all}, dbt.AllColumns},
		"a warehouse too old":   {warehouse.Prepared{Columns: all, Uncaptured: true}, dbt.RowColumns},
		"no source of a change": {warehouse.Prepared{Columns: slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == "change_source" })}, dbt.RowColumns},
	}
	for name, test := range tests {
		got, uncaptured := hookColumns(test.table)
		if got != test.want || (uncaptured == "") != (test.want == dbt.AllColumns) {
			t.Errorf("%s: got %q (%s), want %q", name, got, uncaptured, test.want)
		}
	}
}
