package report

import (
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func columnsOf(change tally.ColumnChange) *Columns {
	if !change.Any() {
		return nil
	}
	return &Columns{
		Added: orEmpty(change.Added), Removed: orEmpty(change.Removed), Retyped: orEmpty(change.Retyped),
	}
}

// maxColumns is how many columns a row of the table names.
const maxColumns = 4

// ColumnWords lists how the columns of a model differ, the removed ones first:
// "−region", "+area", "id integer → bigint".
func ColumnWords(m Model, s Style) []string {
	if m.Columns == nil {
		return nil
	}
	var words []string
	for _, c := range m.Columns.Removed {
		words = append(words, tally.Minus+s.Name(c.Name))
	}
	for _, c := range m.Columns.Retyped {
		words = append(words, s.Name(c.Name)+" "+s.Name(c.From)+" → "+s.Name(c.To))
	}
	for _, c := range m.Columns.Added {
		words = append(words, "+"+s.Name(c.Name))
	}
	if more := len(words) - maxColumns; more > 0 {
		words = append(words[:maxColumns], fmt.Sprintf("%s more columns", tally.Number(more)))
	}
	return words
}
