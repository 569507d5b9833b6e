package tally

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wrote returns the numbers of an after row.
func wrote(source ChangeSource, inserted, updated, deleted int64) Written {
	return Written{Inserted: &inserted, Updated: &updated, Deleted: &deleted, Source: source}
}

func TestWrittenOfAModel(t *testing.T) {
	t.Parallel()
	after := func(w Written) Row {
		return Row{Invocation: "run", NodeID: "model.shop.orders", Phase: After, Count: new(int64(30)), Written: w}
	}
	foreign := after(Written{})
	foreign.NodeID, foreign.Relation = "", `"shop"."orders"`
	changed := wrote(FromEngine, 1, 2, 3)
	changed.Changed = new(int64(7))
	tests := map[string]struct {
		rows []Row
		want *Written
	}{
		"no row after":                 {nil, nil},
		"a row of the project's hooks": {[]Row{foreign}, nil},
		"one row":                      {[]Row{after(changed)}, &changed},
		"the row of another hook beside it": {
			[]Row{after(wrote(FromEngine, 1, 2, 3)), foreign}, new(wrote(FromEngine, 1, 2, 3)),
		},
		"batches are summed": {
			[]Row{after(wrote(FromEngine, 1, 2, 3)), after(wrote(FromEngine, 10, 20, 30))},
			new(wrote(FromEngine, 11, 22, 33)),
		},
		"a first batch whose table is new": {
			[]Row{after(wrote(FromCounts, 1, 0, 0)), after(wrote(FromAdapter, 10, 0, 30))},
			new(wrote(FromCounts, 11, 0, 30)),
		},
		"one batch is not known": {
			[]Row{after(wrote(FromEngine, 1, 2, 3)), after(Written{Source: "rewritten"}), after(wrote(FromEngine, 1, 2, 3))},
			&Written{Reason: "the table was truncated or rewritten"},
		},
		"a number beside a reason is not used": {
			[]Row{after(wrote("rebuilt", 1, 2, 3))},
			&Written{Reason: "it was rebuilt: all of its rows were written anew"},
		},
		"an older table, or an unknown word": {
			[]Row{after(Written{Source: "<b>"})}, &Written{Reason: "the adapter does not report it for this strategy"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range test.rows {
				if test.rows[i].NodeID != "" {
					test.rows[i].Relation = `"shop"."orders"`
				}
			}
			before := Row{Invocation: "run", NodeID: "model.shop.orders", Phase: Before, Count: new(int64(30))}
			got := Compare(Input{
				Invocations: []string{"run"}, Rows: append([]Row{before}, test.rows...),
				Nodes: []Node{{
					ID: "model.shop.orders", Relation: `"shop"."orders"`, ResourceType: "model", Materialized: "incremental",
				}},
				Results: []Result{{Invocation: "run", NodeID: "model.shop.orders", Status: "success"}},
			})
			if diff := cmp.Diff(test.want, got.Models[0].Written); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNothingIsSaidAboutAModelThatFailed(t *testing.T) {
	t.Parallel()
	got := Compare(Input{
		Invocations: []string{"run"},
		Rows: []Row{{
			Invocation: "run", NodeID: "model.shop.orders", Phase: After, Count: new(int64(30)),
			Written: wrote(FromEngine, 1, 2, 3),
		}},
		Results: []Result{{Invocation: "run", NodeID: "model.shop.orders", Status: "error"}},
	})
	if w := got.Models[0].Written; w != nil {
		t.Errorf("got %+v", w)
	}
}

func TestVersionsOfASnapshot(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		inserted, updated, changed int64
		hardDeletes                string
		want                       *Versions
	}{
		"ignore":                  {65, 25, 25, "ignore", &Versions{New: 40, Changed: 25}},
		"invalidate":              {65, 35, 25, "invalidate", &Versions{New: 40, Changed: 25, Closed: 10}},
		"new record":              {75, 35, 25, "new_record", &Versions{New: 40, Changed: 25, Closed: 10}},
		"a hook deleted versions": {5, 35, 25, "invalidate", nil},
		"fewer updates than keys": {65, 5, 25, "invalidate", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := wrote(FromEngine, test.inserted, test.updated, 0)
			w.complete(Node{ResourceType: "snapshot", HardDeletes: test.hardDeletes}, new(int64(1000)))
			if known := w.Versions != nil; known != (test.hardDeletes == "ignore") {
				t.Fatalf("versions without the number of changed keys: %v", w.Versions)
			}
			w.Changed = &test.changed
			w.complete(Node{ResourceType: "snapshot", HardDeletes: test.hardDeletes}, new(int64(1000)))
			if diff := cmp.Diff(test.want, w.Versions); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestARewriteOfEveryRowIsNoted(t *testing.T) {
	t.Parallel()
	for before, noted := range map[int64]bool{20: true, 19: true, 21: false, 0: false} {
		w := wrote(FromEngine, 1, 20, 0)
		w.complete(Node{ResourceType: "model"}, &before)
		if got := w.Reason != ""; got != noted {
			t.Errorf("20 of %d rows updated: reason %q", before, w.Reason)
		}
	}
}

func TestReasonsOfRowsWithoutASource(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		node   Node
		status Status
		want   string
	}{
		"a first build":      {Node{Materialized: "incremental"}, New, "it did not exist before this run"},
		"an incremental":     {Node{Materialized: "incremental"}, Grew, "the adapter does not report it for this strategy"},
		"a snapshot":         {Node{ResourceType: "snapshot"}, Grew, "the adapter does not report it for this strategy"},
		"a view":             {Node{Materialized: "view"}, Grew, "it is a view"},
		"a table":            {Node{Materialized: "table"}, Grew, "it was rebuilt: all of its rows were written anew"},
		"a seed, an own one": {Node{Materialized: "seed"}, Grew, "it was rebuilt: all of its rows were written anew"},
	}
	for name, test := range tests {
		if got := (Input{}).unknownOf(test.node, test.status)(""); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestGatesOnWhatWasWritten(t *testing.T) {
	t.Parallel()
	model := func(materialized string, w *Written) Model {
		return Model{
			Node: Node{ID: "model.shop.orders", Materialized: materialized}, Status: Unchanged,
			Before: new(int64(1000)), After: new(int64(1000)), Written: w,
		}
	}
	known := new(wrote(FromEngine, 500, 30, 500))
	snapshot := model("snapshot", new(wrote(FromEngine, 65, 35, 0)))
	snapshot.Node.ResourceType, snapshot.Written.Versions = "snapshot", &Versions{New: 40, Changed: 25, Closed: 10}
	first := model("incremental", known)
	first.Before, first.Status = nil, New
	both := Limits{MaxUpdated: &Limit{Amount: 20}, MaxDeleted: &Limit{Amount: 5, Percent: true}}
	tests := map[string]struct {
		model     Model
		limits    Limits
		want      []string
		unchecked string
	}{
		"both": {model("incremental", known), both, []string{"max-updated 20: 30", "max-deleted 5%: 50.0%"}, ""},
		"at the limits": {
			model("incremental", known), Limits{MaxUpdated: &Limit{Amount: 30}, MaxDeleted: &Limit{Amount: 50, Percent: true}}, nil, "",
		},
		"a snapshot's keys": {
			snapshot,
			Limits{MaxUpdated: &Limit{Amount: 20}, MaxDeleted: &Limit{Amount: 9}},
			[]string{"max-updated 20: 25", "max-deleted 9: 10"},
			"",
		},
		"unknown": {
			model("incremental", &Written{Reason: "a hook"}), both, nil, "what the run wrote is unknown: a hook",
		},
		"no row after":  {model("incremental", nil), both, nil, "what the run wrote is unknown"},
		"a table":       {model("table", &Written{Reason: "it was rebuilt"}), both, nil, ""},
		"a first build": {first, both, nil, ""},
		"no gate":       {model("incremental", &Written{Reason: "a hook"}), Limits{MaxDrop: &Limit{Amount: 1}}, nil, ""},
	}
	for name, test := range tests {
		test.model.check(test.limits)
		var got []string
		for _, b := range test.model.Breaches {
			got = append(got, b.Gate+" "+b.Limit+": "+b.Value)
		}
		if diff := cmp.Diff(test.want, got); diff != "" || test.model.Unchecked != test.unchecked {
			t.Errorf("%s: unchecked %q; breaches (-want +got)\n%s", name, test.model.Unchecked, diff)
		}
	}
}
