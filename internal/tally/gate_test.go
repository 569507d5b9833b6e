package tally

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

func percentage(amount float64) *Limit { return &Limit{Amount: amount, Percent: true} }

func number64(amount float64) *Limit { return &Limit{Amount: amount} }

// built returns the model orders after a run that counted it, with its own limits, and its
// count in one earlier run.
func built(before, after, baseline *int64, limits Limits) Input {
	node := orders()
	node.Limits = limits
	in := Input{
		Invocations: []string{"one"}, Nodes: []Node{node},
		Rows: []Row{row(After, 1, after)}, Results: []Result{result("success", "")},
	}
	if before != nil {
		in.Rows = append(in.Rows, row(Before, 0, before))
	}
	if baseline != nil {
		in.History = History{
			Runs: []Run{{ID: "main"}},
			Rows: rowsOf(point{RunID: "main", NodeID: node.ID, Count: *baseline}),
		}
	}
	return in
}

func TestGates(t *testing.T) {
	t.Parallel()
	breach := func(gate string, axis Axis, limit, value string) Breach {
		return Breach{
			NodeID: "model.shop.orders", Gate: gate, Axis: axis, Limit: limit, Value: value,
			Severity: SeverityError,
		}
	}
	five := Limits{MaxDrop: percentage(5)}
	tests := map[string]struct {
		before, after, baseline *int64
		limits                  Limits
		want                    []Breach
		unchecked               string
	}{
		"no gates": {before: n(1000), after: n(0), baseline: n(1000)},
		"dropped against main": {
			after: n(900), baseline: n(1000), limits: five,
			want: []Breach{breach("max-drop", AxisBaseline, "5%", "−10.0%")},
		},
		"dropped on both axes": {
			before: n(950), after: n(900), baseline: n(1000), limits: five,
			want: []Breach{breach("max-drop", AxisBefore, "5%", "−5.3%"), breach("max-drop", AxisBaseline, "5%", "−10.0%")},
		},
		"in this run only": {
			before: n(950), after: n(900), baseline: n(1000), limits: Limits{MaxDrop: percentage(5), Axis: AxisBefore},
			want: []Breach{breach("max-drop", AxisBefore, "5%", "−5.3%")},
		},
		"against main only": {
			before: n(950), after: n(900), baseline: n(1000), limits: Limits{MaxDrop: percentage(5), Axis: AxisBaseline},
			want: []Breach{breach("max-drop", AxisBaseline, "5%", "−10.0%")},
		},
		"equal to the limit": {before: n(10_000), after: n(9_943), limits: Limits{MaxDrop: percentage(0.57)}},
		"one row beyond it": {
			before: n(10_000), after: n(9_942), limits: Limits{MaxDrop: percentage(0.57)},
			want: []Breach{breach("max-drop", AxisBefore, "0.57%", "−0.6%")},
		},
		"rounding hides no breach": {
			before: n(100_000), after: n(94_999), limits: five,
			want: []Breach{breach("max-drop", AxisBefore, "5%", "−5.001%")},
		},
		"rounding does not hide a drop to nothing": {
			before: n(10_000), after: n(1), limits: five,
			want: []Breach{breach("max-drop", AxisBefore, "5%", "−99.99%")},
		},
		"emptied": {
			before: n(10), after: n(0), limits: five,
			want: []Breach{breach("max-drop", AxisBefore, "5%", "−100.0%")},
		},
		"as many rows were removed as the limit": {before: n(300), after: n(200), limits: Limits{MaxDrop: number64(100)}},
		"more rows were removed than the limit": {
			before: n(2300), after: n(1000), limits: Limits{MaxDrop: number64(1200)},
			want: []Breach{breach("max-drop", AxisBefore, "1,200", "−1,300")},
		},
		"growth is no drop":   {before: n(10), after: n(1000), limits: Limits{MaxDrop: number64(0)}},
		"a drop is no growth": {before: n(1000), after: n(10), limits: Limits{MaxGrowth: number64(0)}},
		"grew by a percentage": {
			before: n(100), after: n(1300), limits: Limits{MaxGrowth: percentage(50)},
			want: []Breach{breach("max-growth", AxisBefore, "50%", "+1200.0%")},
		},
		"grew by rows": {
			before: n(100), after: n(1300), limits: Limits{MaxGrowth: number64(50)},
			want: []Breach{breach("max-growth", AxisBefore, "50", "+1,200")},
		},
		"growth from no rows has no percentage": {before: n(0), after: n(1300), limits: Limits{MaxGrowth: percentage(50)}},
		"growth from no rows is a number": {
			before: n(0), after: n(1300), limits: Limits{MaxGrowth: number64(50)},
			want: []Breach{breach("max-growth", AxisBefore, "50", "+1,300")},
		},
		"a first build has not grown": {after: n(1300), baseline: n(1300), limits: Limits{MaxGrowth: number64(50)}},
		"a first build without baseline": {
			after: n(1300), limits: five,
			unchecked: "it has neither a count before this run nor a baseline",
		},
		"a first build, this run only": {
			after: n(1300), baseline: n(9), limits: Limits{MaxGrowth: number64(1), Axis: AxisBefore},
			unchecked: "it has no count before this run",
		},
		"no baseline, that axis only": {
			before: n(13), after: n(1), limits: Limits{MaxDrop: number64(1), Axis: AxisBaseline},
			unchecked: "it has no baseline",
		},
		"enough rows": {after: n(10), limits: Limits{MinRows: n(10), MaxRows: n(10)}},
		"too few rows": {
			before: n(9), after: n(9), baseline: n(9), limits: Limits{MinRows: n(1000)},
			want: []Breach{breach("min-rows", AxisBefore, "1,000", "9")},
		},
		"too many rows": {
			after: n(1001), limits: Limits{MaxRows: n(1000)},
			want: []Breach{breach("max-rows", AxisBefore, "1,000", "1,001")},
		},
		"rows are checked without a base": {
			after: n(0), limits: Limits{MinRows: n(1), MaxDrop: percentage(5)},
			want:      []Breach{breach("min-rows", AxisBefore, "1", "0")},
			unchecked: "it has neither a count before this run nor a baseline",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Compare(built(test.before, test.after, test.baseline, test.limits)).Models[0]
			if diff := cmp.Diff(test.want, m.Breaches); diff != "" {
				t.Errorf("breaches (-want +got)\n%s", diff)
			}
			if m.Unchecked != test.unchecked {
				t.Errorf("unchecked: got %q, want %q", m.Unchecked, test.unchecked)
			}
		})
	}
}

func TestSeverityOfABreachIsTheGates(t *testing.T) {
	t.Parallel()
	got := Compare(built(n(2), n(1), nil, Limits{MaxDrop: number64(0), Severity: SeverityWarn})).Models[0].Breaches
	if len(got) != 1 || got[0].Severity != SeverityWarn {
		t.Errorf("got %+v, want one warning", got)
	}
}

func TestAModelWithoutACountIsNotChecked(t *testing.T) {
	t.Parallel()
	limits := Limits{MaxDrop: percentage(5), MinRows: n(1), Unusual: true}
	tests := map[string]func(*Input){
		"failed after some of its batches": func(in *Input) { in.Results[0].Status = "partial success" },
		"skipped":                          func(in *Input) { in.Results[0].Status, in.Rows = "skipped", nil },
		"reused":                           func(in *Input) { in.Results[0].Status, in.Rows = "reused", nil },
		"a view":                           func(in *Input) { in.Rows[0].Count, in.Nodes[0].Materialized = nil, "view" },
		"opted out":                        func(in *Input) { in.Nodes[0].OptedOut, in.Rows = true, nil },
		"no audit row":                     func(in *Input) { in.Rows = nil },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := built(n(10), n(0), n(10), limits)
			change(&in)
			m := Compare(in).Models[0]
			if m.Breaches != nil || m.Unchecked == "" || m.Unchecked != m.Reason {
				t.Errorf("got breaches %v and unchecked %q, want none and %q", m.Breaches, m.Unchecked, m.Reason)
			}
			if m.Baseline != nil || m.BaselineNew || m.History != nil {
				t.Errorf("it was compared: %+v", m)
			}
			in.Nodes[0].Limits = Limits{}
			if m := Compare(in).Models[0]; m.Unchecked != "" {
				t.Errorf("it has no gates, but is unchecked: %s", m.Unchecked)
			}
		})
	}
}

func TestTheLimitsOfTheRunApplyToNodesThatTheManifestLacks(t *testing.T) {
	t.Parallel()
	in := built(nil, n(1), nil, Limits{})
	in.Limits = Limits{MinRows: n(5)}
	if got := Compare(in).Models[0].Breaches; got != nil {
		t.Errorf("a node has its own limits; got %v", got)
	}
	in.Nodes = nil
	if got := Compare(in).Models[0].Breaches; len(got) != 1 {
		t.Errorf("got %v, want a breach of the run's limit", got)
	}
}

func TestParseLimit(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		want Limit
		text string
	}{
		"5%":     {Limit{5, true}, "5%"},
		" 12.5%": {Limit{12.5, true}, "12.5%"},
		"100":    {Limit{100, false}, "100"},
		"250000": {Limit{250_000, false}, "250,000"},
		"0":      {Limit{0, false}, "0"},
	}
	for text, test := range tests {
		got, err := ParseLimit(text)
		if err != nil || got != test.want || got.String() != test.text {
			t.Errorf("ParseLimit(%q) = %+v (%s), %v; want %+v (%s)", text, got, got, err, test.want, test.text)
		}
	}
	for _, text := range []string{
		"5%%", "-3", "-3%", "abc", "", "%", "12.5", "1,000", "1e3", "NaN",
		"9999999999999999999",
	} {
		got, err := ParseLimit(text)
		want := "unusable value \"" + text + "\"; expected a whole number of rows or a percentage, such as 100 or 5%"
		if err == nil || err.Error() != want {
			t.Errorf("ParseLimit(%q) = %+v, %v; want the error %q", text, got, err, want)
		}
	}
}

func TestParseRows(t *testing.T) {
	t.Parallel()
	if got, err := ParseRows(" 42 "); got != 42 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	for _, text := range []string{"-1", "5%", "1.5", "", "9999999999999999999"} {
		if got, err := ParseRows(text); err == nil {
			t.Errorf("ParseRows(%q) = %d, want an error", text, got)
		}
	}
}

func TestNonsensicalLimitsAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		limits Limits
		want   string
	}{
		"none":        {Limits{}, ""},
		"all limits":  {Limits{MinRows: n(5), MaxRows: n(5), MaxDrop: percentage(100), MaxGrowth: percentage(500)}, ""},
		"rows, not %": {Limits{MaxDrop: number64(500)}, ""},
		"two problems": {
			Limits{MinRows: n(1000), MaxRows: n(5), MaxDrop: percentage(100.5)},
			"min-rows 1,000 is above max-rows 5; lower min-rows or raise max-rows; see " + docs.Gates +
				"\nmax-drop 100.5% cannot be breached; use at most 100%; see " + docs.Gates,
		},
		"half a range":        {Limits{MinRows: n(1000)}, ""},
		"an upper limit only": {Limits{MaxRows: n(0)}, ""},
	}
	for name, test := range tests {
		got := ""
		if err := test.limits.Validate(); err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
