package tally

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// captureRows are the rows of a run that rebuilt a table of ten rows. source is in the
// after row's change_source.
func captureRows(node string, source ChangeSource) []Row {
	return []Row{
		{Invocation: "run", NodeID: node, Phase: Before, Count: new(int64(10)), Materialized: "table"},
		{Invocation: "run", NodeID: node, Phase: After, Count: new(int64(12)), Materialized: "table", Written: Written{Source: source}},
	}
}

func TestWhyAChangeColumnShowsNothing(t *testing.T) {
	t.Parallel()
	own := Capture{Changed: "updated_at", Own: true}
	both := Capture{Changed: "updated_at", Created: "created_at", Type: "op", Own: true}
	given := Capture{Changed: "updated_at"}
	tests := map[string]struct {
		capture      Capture
		materialized string
		source       ChangeSource
		uncaptured   string
		want         string // the problem; "": none
	}{
		"it does not exist":     {own, "table", columnAbsent, "", "it lacks the column updated_at"},
		"one of several":        {both, "table", columnAbsent, "", "it lacks one of the columns updated_at, created_at, op"},
		"an input's is missing": {given, "table", columnAbsent, "", ""},
		"an input's, unread":    {given, "table", columnUnreadable, "", ""},
		"an input's is text":    {given, "table", columnType, "", "the column updated_at is neither a date nor a timestamp"},
		"it is text":            {both, "table", columnType, "", "one of the columns updated_at, created_at is neither a date nor a timestamp"},
		"only nulls":            {own, "table", columnNull, "", "the column updated_at was null in all rows before this run"},
		"not readable":          {own, "table", columnUnreadable, "", "the column updated_at does not exist, or is neither a date nor a timestamp"},
		"no watermark":          {own, "table", columnUnmarked, "", "its before row does not contain the newest time"},
		"an unknown kind":       {both, "table", columnKinds, "", "the column op contains a value that is no insert, update or delete"},
		"another warehouse":     {own, "table", columnUnsupported, "", "this warehouse or this dbt cannot be asked for changes by a column"},
		"an older audit table":  {own, "table", "", "the audit table lacks watermark", "the audit table lacks watermark"},
		"a view":                {own, "view", "", "", "a view has no rows of its own; remove change_column"},
		"an input and a view":   {given, "view", "", "", ""},
		"no column":             {Capture{}, "table", "", "the audit table lacks watermark", ""},
		"it works":              {own, "table", FromColumn, "", ""},
	}
	for name, test := range tests {
		node := Node{ID: "model.shop.dates", Name: "dates", ResourceType: "model", Materialized: test.materialized, Capture: test.capture}
		got := Compare(Input{
			Invocations: []string{"run"}, Rows: captureRows(node.ID, test.source), Nodes: []Node{node}, Uncaptured: test.uncaptured,
		}).CaptureProblems()
		var want []string
		if test.want != "" {
			want = []string{"the changes of dates are unknown: " + test.want}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestOneLineForModelsWithTheSameProblem(t *testing.T) {
	t.Parallel()
	in := Input{Invocations: []string{"run"}}
	for _, name := range strings.Fields("a b c d e f g") {
		node := Node{ID: "model.shop." + name, Name: name, ResourceType: "model", Materialized: "table", Capture: Capture{Changed: "at"}}
		in.Nodes, in.Rows = append(in.Nodes, node), append(in.Rows, captureRows(node.ID, columnNull)...)
	}
	want := []string{"the changes of a, b, c, d, e and 2 more are unknown: the column at was null in all rows before this run"}
	if diff := cmp.Diff(want, Compare(in).CaptureProblems()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestGatesOnATableWithAChangeColumn(t *testing.T) {
	t.Parallel()
	limits := Limits{MaxUpdated: percentage(2), MaxDeleted: percentage(2)}
	unknown := &Written{Reason: "it lacks the column updated_at"}
	tests := map[string]struct {
		capture   Capture
		written   *Written
		breaches  int
		unchecked bool
	}{
		"all numbers":                 {Capture{Changed: "at", Created: "since", Own: true}, new(wrote(FromColumn, 40, 25, 10)), 1, false},
		"only changed rows":           {Capture{Changed: "at", Own: true}, &Written{Changed: new(int64(65)), Source: FromColumn}, 0, false},
		"unknown, of the model's own": {Capture{Changed: "at", Created: "since", Own: true}, unknown, 0, true},
		"unknown, of the input":       {Capture{Changed: "at"}, unknown, 0, false},
	}
	for name, test := range tests {
		m := Model{
			Node: Node{Materialized: "table", Capture: test.capture}, Status: Grew,
			Before: new(int64(1000)), After: new(int64(1030)), Written: test.written,
		}
		m.check(limits)
		if len(m.Breaches) != test.breaches || (m.Unchecked != "") != test.unchecked {
			t.Errorf("%s: breaches %v, unchecked %q", name, m.Breaches, m.Unchecked)
		}
	}
}

func TestMetaNamesTheColumnsOfAModel(t *testing.T) {
	t.Parallel()
	base := Meta{Audit: true, Capture: Capture{Changed: "loaded_at"}}
	tests := map[string]struct {
		meta string
		want Capture
		err  string
	}{
		"nothing":     {`{}`, Capture{Changed: "loaded_at"}, ""},
		"all":         {`{"change_column": "a", "created_column": "b", "change_type_column": "c"}`, Capture{"a", "b", "c", true}, ""},
		"off":         {`{"change_column": false}`, Capture{Own: true}, ""},
		"null":        {`{"change_column": null}`, Capture{Own: true}, ""},
		"own words":   {`{"change_type_column": {"column": "c", "insert": ["new"]}}`, Capture{"loaded_at", "", "c", true}, ""},
		"true":        {`{"change_column": true}`, base.Capture, "meta.tally.change_column: unusable value"},
		"a number":    {`{"created_column": 3}`, base.Capture, "meta.tally.created_column: unusable value"},
		"a wrong key": {`{"change_type_column": {"column": "c", "upsert": ["x"]}}`, base.Capture, `unknown key "upsert"`},
		"no column":   {`{"change_type_column": {"insert": ["x"]}}`, base.Capture, "no column"},
	}
	for name, test := range tests {
		got, err := ParseMeta(decoded(t, test.meta), base)
		if test.err != "" {
			if err == nil || !strings.Contains(err.Error(), test.err) {
				t.Errorf("%s: error %v, want %q", name, err, test.err)
			}
			continue
		}
		if diff := cmp.Diff(test.want, got.Capture); diff != "" || err != nil {
			t.Errorf("%s: error %v (-want +got)\n%s", name, err, diff)
		}
	}
}
