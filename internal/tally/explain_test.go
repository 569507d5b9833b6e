package tally

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An edited view has no rows of its own: what is below it names it as the cause, while
// a model beside it that moved is explained by the data.
func TestExplainWalksThroughViews(t *testing.T) {
	t.Parallel()
	model := func(id string, status Status, was, rows int64) Model {
		m := Model{Node: Node{ID: id}, Status: status}
		if status != NotCounted {
			m.After, m.Baseline = &rows, &was
		}
		return m
	}
	code := Code{Nodes: []CodeNode{
		{ID: "view", Fingerprint: "new", Parents: []string{"seed"}},
		{ID: "seed", Fingerprint: "same"},
		{ID: "orders", Fingerprint: "same", Parents: []string{"view"}},
		{ID: "events", Fingerprint: "same"},
		{ID: "calm", Fingerprint: "same"},
	}, Baseline: map[string]string{"view": "old", "seed": "same", "orders": "same", "events": "same", "calm": "same"}}
	models := []Model{
		model("view", NotCounted, 0, 0), model("seed", Unchanged, 5, 5), model("orders", Unchanged, 100, 90),
		model("events", Grew, 1000, 1004), model("calm", Unchanged, 7, 7), model("skipped", Skipped, 1, 2),
	}
	counted := Tally{Models: models, BaselineRun: &Run{ID: "main"}}
	counted.Explain(code)
	want := map[string]Cause{
		"view":   {Kind: CauseEdited, Root: "view"},
		"orders": {Kind: CauseDownstream, Of: "view", Root: "view"},
		"events": {Kind: CauseData, Root: "events"},
	}
	if diff := cmp.Diff(want, counted.Causes.ByNode); diff != "" {
		t.Errorf("causes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&Drift{Models: 3, Moved: 1, Median: 0.004}, counted.Drift); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"view"}, counted.Models[2].Parents); diff != "" {
		t.Errorf("parents (-want +got):\n%s", diff)
	}

	alone := Tally{Models: models}
	alone.Explain(code)
	if len(alone.Causes.ByNode) > 0 || alone.Drift != nil {
		t.Errorf("causes %v, drift %v without a baseline; want none", alone.Causes.ByNode, alone.Drift)
	}
}

func TestGatesOnColumns(t *testing.T) {
	t.Parallel()
	before := []Column{{"id", "integer"}, {"region", "text"}}
	after := []Column{{"id", "bigint"}, {"area", "text"}}
	for name, test := range map[string]struct {
		gate              ColumnGate
		before, after     []Column
		breach, unchecked string
		unprotected       bool
	}{
		"none":                   {AnyColumns, before, after, "", "", false},
		"a column is gone":       {NoRemoval, before, after, "−region", "", false},
		"all changes":            {NoChange, before, after, "−region, +area, id: integer → bigint", "", false},
		"the same":               {NoChange, before, before, "", "", false},
		"no columns on main":     {NoChange, nil, after, "", "the baseline has no columns to compare with", false},
		"columns cannot be read": {NoChange, before, nil, "", "its columns could not be read", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := int64(1)
			m := Model{
				Node: Node{ID: "m", Limits: Limits{Columns: test.gate}}, Status: Unchanged, After: &rows,
				Earlier: Earlier{Baseline: &rows},
			}
			counted := Tally{Models: []Model{m}, BaselineRun: &Run{ID: "main"}}
			code := Code{Nodes: []CodeNode{{ID: "m"}}, Columns: map[string][]Column{}, BaselineColumns: map[string][]Column{}}
			if test.after != nil {
				code.Columns["m"] = test.after
			}
			if test.before != nil {
				code.BaselineColumns["m"] = test.before
			}
			counted.Explain(code)
			got, breach := counted.Models[0], ""
			for _, b := range got.Breaches {
				breach = b.Value
			}
			if breach != test.breach || got.Unchecked != test.unchecked || got.Unprotected != test.unprotected {
				t.Errorf("breach %q, unchecked %q, unprotected %t; want %q, %q, %t",
					breach, got.Unchecked, got.Unprotected, test.breach, test.unchecked, test.unprotected)
			}
		})
	}
}

func TestGatesThatNeedTheCause(t *testing.T) {
	t.Parallel()
	model := func(id string, was, rows int64, limits Limits) Model {
		return Model{
			Node: Node{ID: id, Limits: limits}, Status: Unchanged, After: &rows,
			Earlier: Earlier{Baseline: &was}, Breaches: []Breach{{NodeID: id, Gate: "max-drop", Severity: SeverityError}},
		}
	}
	edited := Limits{Scope: ScopeEdited}
	fanOut := Limits{MaxFanOut: percentage(50)}
	counted := Tally{BaselineRun: &Run{ID: "main"}, Models: []Model{
		model("payments", 100, 100, edited), model("joined", 100, 200, fanOut),
		model("edited", 10, 5, edited), model("below", 10, 5, edited), model("moved", 10, 5, edited),
		model("unknown", 10, 5, edited),
	}}
	counted.Explain(Code{
		Nodes: []CodeNode{
			{ID: "payments", Fingerprint: "same"},
			{ID: "joined", Fingerprint: "new", Parents: []string{"payments"}},
			{ID: "edited", Fingerprint: "new"},
			{ID: "below", Fingerprint: "same", Parents: []string{"edited"}},
			{ID: "moved", Fingerprint: "same"},
			{ID: "unknown"},
		},
		Baseline: map[string]string{
			"payments": "same", "joined": "old", "edited": "old", "below": "same", "moved": "same", "unknown": "",
		},
	})
	got := map[string]Severity{}
	for _, m := range counted.Models {
		got[m.Node.ID] = m.Breaches[0].Severity
	}
	want := map[string]Severity{
		"payments": SeverityWarn, "moved": SeverityWarn, // no edit changed them
		"joined": SeverityError, "edited": SeverityError, "below": SeverityError, "unknown": SeverityError,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("severities (-want +got):\n%s", diff)
	}
	joined := counted.Models[1]
	breach := Breach{
		NodeID: "joined", Gate: "max-fanout", Axis: AxisBaseline, Limit: "50%", Value: "+100.0%", Severity: SeverityError,
	}
	if diff := cmp.Diff(breach, joined.Breaches[1]); diff != "" {
		t.Errorf("breach (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(&FanOut{Parent: "payments", Ratio: 2, Baseline: 1, Moved: true}, joined.FanOut); diff != "" {
		t.Errorf("fan-out (-want +got):\n%s", diff)
	}
}
