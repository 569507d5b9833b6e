package tally

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestDriftIsThatOfUntouchedModels(t *testing.T) {
	t.Parallel()
	causes := FindCauses(graph("edited*!", "below! = edited", "moved!", "more!", "empty!", "still", "failed", "gone-"))
	var models []Model
	for _, m := range []struct {
		id          string
		there, here int64
	}{
		{"edited", 100, 1},
		{"below", 100, 1},
		{"moved", 1000, 1004},
		{"more", 1000, 980},
		{"empty", 0, 5},
		{"still", 7, 7},
		{"failed", 7, 8},
		{"gone", 1, 2},
	} {
		models = append(models, Model{Node: Node{ID: m.id}, Earlier: Earlier{Baseline: &m.there}, After: &m.here})
	}
	models[6].Status = Failed
	got := FindDrift(models, causes)
	want := Drift{Models: 4, Moved: 3, Median: 0.012}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-12)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := FindDrift(nil, Causes{}); got != (Drift{}) {
		t.Errorf("of no models: %+v", got)
	}
}
