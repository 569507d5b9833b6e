package tally

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

func TestMetaOverridesTheRunsGates(t *testing.T) {
	t.Parallel()
	base := Limits{MaxDrop: percentage(5), MinRows: n(1), Axis: AxisBoth, Severity: SeverityError}
	tests := map[string]struct {
		meta  string
		want  func(*Limits)
		audit bool
	}{
		"nothing":      {`null`, func(*Limits) {}, true},
		"opted out":    {`{"audit": false}`, func(*Limits) {}, false},
		"opted in":     {`{"audit": true}`, func(*Limits) {}, true},
		"a percentage": {`{"max_drop": "12.5 %"}`, func(l *Limits) { l.MaxDrop = percentage(12.5) }, true},
		"numbers": {
			`{"max_drop": 3, "max_rows": 2000000}`,
			func(l *Limits) { l.MaxDrop, l.MaxRows = number64(3), n(2_000_000) }, true,
		},
		"numbers in quotes": {
			`{"max_growth": "3", "min_rows": "7"}`,
			func(l *Limits) { l.MaxGrowth, l.MinRows = number64(3), n(7) }, true,
		},
		"removed gates": {
			`{"max_drop": false, "min_rows": null}`,
			func(l *Limits) { l.MaxDrop, l.MinRows = nil, nil }, true,
		},
		"off in quotes": {`{"max_drop": "off"}`, func(l *Limits) { l.MaxDrop = nil }, true},
		"unusual":       {`{"unusual": "gate"}`, func(l *Limits) { l.Unusual = true }, true},
		"axis and severity": {
			`{"against": "before", "severity": "warn"}`,
			func(l *Limits) { l.Axis, l.Severity = AxisBefore, SeverityWarn }, true,
		},
		"for change capture": {
			`{"change_column": "a", "created_column": "b", "change_type_column": "c", "count": "exact"}`, func(*Limits) {},
			true,
		},
		"an empty mapping too": {`{}`, func(*Limits) {}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := base
			test.want(&want)
			said, err := ParseMeta(decoded(t, test.meta), Meta{Limits: base, Audit: true})
			got, audit := said.Limits, said.Audit
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if audit != test.audit {
				t.Errorf("audit: got %v, want %v", audit, test.audit)
			}
		})
	}
	if *base.MinRows != 1 || *base.MaxDrop != *percentage(5) {
		t.Errorf("the run's gates have changed: %+v", base)
	}
}

func TestEveryMistakeInMetaIsReported(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ meta, want string }{
		"not a mapping": {
			`["max_drop"]`,
			"meta.tally: not a mapping; expected keys and values, such as max_drop: 5%; see docs/gates.md",
		},
		"every key": {
			`{"audit": "no", "against": "main", "max_drop": "5 %%", "max_dorp": 1, "max_growth": true, "max_rows": [1], "min_rows": -3, "severity": null}`,
			`meta.tally.against: unusable value "main"; expected "before" or "baseline" or "both"; see docs/gates.md
meta.tally.audit: unusable value "no"; expected true or false; see docs/gates.md
meta.tally.max_dorp: unknown; expected one of against, audit, change_column, change_type_column, ` +
				`columns, count, created_column, max_deleted, max_drop, max_fanout, max_growth, max_rows, max_updated, min_rows, scope, severity, unusual; see docs/gates.md
meta.tally.max_drop: unusable value "5 %%"; expected a whole number of rows or a percentage, such as 100 or 5%; see docs/gates.md
meta.tally.max_growth: unusable value "true"; expected a whole number of rows or a percentage, such as 100 or 5%; see docs/gates.md
meta.tally.max_rows: unusable value "[1]"; expected a whole number from 0 up; see docs/gates.md
meta.tally.min_rows: unusable value "-3"; expected a whole number from 0 up; see docs/gates.md
meta.tally.severity: unusable value "<nil>"; expected "error" or "warn"; see docs/gates.md`,
		},
		"a fraction of a row": {
			`{"max_drop": 12.5}`,
			`meta.tally.max_drop: unusable value "12.5"; expected a whole number of rows or a percentage, such as 100 or 5%; see docs/gates.md`,
		},
		"against the run's": {
			`{"max_rows": 9}`,
			`min-rows 10 is above max-rows 9; lower min-rows or raise max-rows; see docs/gates.md`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseMeta(decoded(t, test.meta), Meta{Limits: Limits{MinRows: n(10)}})
			if err == nil {
				t.Fatal("no error")
			}
			want := strings.ReplaceAll(test.want, "docs/gates.md", docs.Gates)
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAnInvalidMetaValueLeavesTheRunsGate(t *testing.T) {
	t.Parallel()
	base := Limits{MaxDrop: percentage(5), MinRows: n(10), Axis: AxisBefore, Severity: SeverityWarn}
	want := Meta{Limits: base, Audit: true}
	got, err := ParseMeta(decoded(t,
		`{"max_drop": "x", "min_rows": "x", "unusual": "x", "against": "x", "severity": "x", "audit": "x"}`), want)
	if diff := cmp.Diff(want, got); diff != "" || err == nil {
		t.Errorf("error %v (-want +got)\n%s", err, diff)
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}
