package tally

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestColumnsAreComparedByNameAndType(t *testing.T) {
	t.Parallel()
	there := []Column{{"id", "integer"}, {"region", "text"}, {"amount", "numeric(10,2)"}}
	for name, test := range map[string]struct {
		there, here []Column
		want        ColumnChange
	}{
		"the same, in another order": {there, []Column{there[2], there[0], there[1]}, ColumnChange{}},
		"all at once": {there, []Column{{"id", "integer"}, {"amount", "numeric(12,2)"}, {"city", "text"}}, ColumnChange{
			Added:   []Column{{"city", "text"}},
			Removed: []Column{{"region", "text"}},
			Retyped: []Retyped{{"amount", "numeric(10,2)", "numeric(12,2)"}},
		}},
		"unknown there": {nil, there, ColumnChange{}},
		"unknown here":  {there, nil, ColumnChange{}},
	} {
		got := CompareColumns(test.there, test.here)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if want := !cmp.Equal(test.want, ColumnChange{}); got.Any() != want {
			t.Errorf("%s: Any is %v", name, got.Any())
		}
	}
}
