package tally

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTheRowsOfAnEarlierRunThatCount(t *testing.T) {
	t.Parallel()
	at := func(seconds float64) time.Time { return noon.Add(time.Duration(seconds * float64(time.Second))) }
	const id, relation = "model.shop.orders", "s.orders"
	tests := map[string]struct {
		rows []Row
		want []point
	}{
		"the first before, the last after": {
			rows: []Row{
				{NodeID: id, Relation: relation, Phase: After, Time: at(2.5), Count: n(1000)},
				{NodeID: id, Relation: relation, Phase: After, Time: at(2.4), Count: n(999)},
				{NodeID: id, Relation: relation, Phase: Before, Time: at(1)},
				{NodeID: id, Relation: relation, Phase: Before, Time: at(0)},
			},
			want: []point{{NodeID: id, Relation: relation, Count: 1000, Seconds: seconds(2.5)}},
		},
		"a row with a node ID takes precedence over a later one": {
			rows: []Row{
				{NodeID: id, Relation: relation, Phase: After, Time: at(1), Count: n(1000)},
				{Relation: relation, Phase: After, Time: at(2), Count: n(5)},
			},
			want: []point{{NodeID: id, Relation: relation, Count: 1000}},
		},
		"both rows with the same time": {
			rows: []Row{
				{Relation: relation, Phase: Before, Time: at(0), Count: n(3)},
				{Relation: relation, Phase: After, Time: at(0), Count: n(4)},
			},
			want: []point{{Relation: relation, Count: 4}},
		},
		"a view has no count": {rows: []Row{{NodeID: id, Relation: relation, Phase: After}}},
		"only a before row":   {rows: []Row{{NodeID: id, Relation: relation, Phase: Before, Count: n(3)}}},
		"two runs": {
			rows: []Row{
				{Invocation: "b", NodeID: id, Relation: relation, Phase: After, Time: at(9), Count: n(2)},
				{Invocation: "a", Relation: relation, Phase: After, Time: at(0), Count: n(1)},
			},
			want: []point{{RunID: "a", Relation: relation, Count: 1}, {RunID: "b", NodeID: id, Relation: relation, Count: 2}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, History{Rows: test.rows}.points(), cmpopts.IgnoreFields(point{}, "Time", "Before", "Written")); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
