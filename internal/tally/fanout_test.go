package tally

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFanOuts(t *testing.T) {
	t.Parallel()
	counted := func(id string, there, here int64) Model {
		return Model{Node: Node{ID: id}, Earlier: Earlier{Baseline: &there}, After: &here, Status: Grew}
	}
	uncounted := Model{Node: Node{ID: "view"}, Status: NotCounted}
	fresh := counted("fresh", 0, 10)
	fresh.Baseline = nil
	parents := map[string][]string{
		"doubled": {"small", "view"}, "view": {"large", "seen"}, "lost": {"large"}, "grown": {"large"},
		"filled": {"large"}, "fresh": {"large"}, "of-fresh": {"fresh"}, "of-empty": {"empty"},
		"loop": {"loop", "ring"}, "ring": {"loop", "large"}, "void": {"large"},
	}
	got := FindFanOuts([]Model{
		counted("small", 10, 10), counted("large", 1000, 1100), uncounted, fresh, counted("empty", 0, 5),
		counted("doubled", 1000, 2200), counted("lost", 1000, 900), counted("grown", 1000, 1150),
		counted("filled", 0, 5), counted("of-fresh", 5, 5), counted("of-empty", 5, 5), counted("loop", 1000, 1100),
		counted("void", 0, 0),
	}, parents)
	want := map[string]FanOut{
		"doubled": {"large", 2, 1, true},
		"lost":    {"large", 900.0 / 1100, 1, true},
		"grown":   {"large", 1150.0 / 1100, 1, false},
		"filled":  {"large", 5.0 / 1100, 0, true},
		"loop":    {"large", 1, 1, false},
		"void":    {"large", 0, 0, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if factor := got["doubled"].Factor(); factor != 2 {
		t.Errorf("factor %v, want 2", factor)
	}
}
