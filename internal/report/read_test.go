package report_test

import (
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

func TestReadReturnsTheReportWithoutTheLink(t *testing.T) {
	t.Parallel()
	reports := situation.All()
	reports["every-key"] = everyKey()
	reports["large"] = situation.Large(2000, 20)
	delete(reports, "hostile") // contains bytes that are not text
	for name, want := range reports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if want.Baseline != nil {
				without := *want.Baseline
				without.URL = ""
				want.Baseline = &without
			}
			want.Cloud = nil // nothing but a link
			got, err := report.Read(strings.NewReader(jsonOf(t, want)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestValuesThatNoRunWritesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*report.Report)
		want   string
	}{
		"another version": {func(r *report.Report) { r.Version = 2 }, "version 2; expected 1"},
		"no status":       {func(r *report.Report) { r.Status = "" }, `unknown status ""`},
		"an unknown status": {
			func(r *report.Report) { r.Status = "::error::" + report.Status(strings.Repeat("x", 100)) },
			`unknown status "::error::` + strings.Repeat("x", 30) + `…"`,
		},
		"a model's status": {
			func(r *report.Report) { r.Models[1].Status = "great\n" }, `model 2: unknown status "great\n"`,
		},
		"a gate's axis": {
			func(r *report.Report) { r.Models[0].Gates[0].Axis = "both" }, `model 1: unknown axis "both"`,
		},
		"a gate's severity": {
			func(r *report.Report) { r.Models[0].Gates[0].Severity = "" }, `model 1: unknown severity ""`,
		},
		"rows below zero": {func(r *report.Report) { *r.Models[0].Before = -1 }, "model 1: an impossible count, -1"},
		"too many rows": {
			func(r *report.Report) { *r.Models[0].After = math.MaxInt64 },
			"an impossible count, 9223372036854775807",
		},
		"an absurd baseline": {
			func(r *report.Report) { *r.Models[0].Baseline = math.MinInt64 },
			"an impossible count, -9223372036854775808",
		},
		"bytes below zero": {
			func(r *report.Report) { *r.Models[0].Adapter.BytesBilled = -1 }, "model 1: an impossible figure of the adapter",
		},
		"an absurd history": {func(r *report.Report) { r.Models[0].History[0] = -3 }, "an impossible count, -3"},
		"a long history": {
			func(r *report.Report) { r.Models[0].History = make([]int64, 31) },
			"a history of 31 counts; expected at most 30",
		},
		"seconds below zero": {
			func(r *report.Report) { r.Models[0].Seconds = -1 },
			"model 1: an impossible number of seconds",
		},
		"endless seconds": {
			func(r *report.Report) { *r.Models[0].BaselineSeconds = 1e300 },
			"model 1: an impossible number of seconds",
		},
		"statements below zero": {
			func(r *report.Report) { r.Audit.Statements = -1 }, "an impossible number of statements",
		},
		"an endless audit": {
			func(r *report.Report) { r.Audit.Seconds = new(1e300) },
			"an impossible number of statements or seconds",
		},
		"an endless preparation": {
			func(r *report.Report) { r.Requirements = new(-1.0) },
			"an impossible number of statements or seconds",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := everyKey()
			tt.change(&r)
			wantRefused(t, strings.NewReader(jsonOf(t, r)), tt.want)
		})
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from io.Reader
		want string
	}{
		"nothing": {strings.NewReader(""), "it is not a report: unexpected end of JSON input"},
		"a torn file": {
			strings.NewReader(`{"version": 1, "models": [{`),
			"it is not a report: unexpected end of JSON input",
		},
		"a list":         {strings.NewReader(`[]`), "it is not a report"},
		"another object": {strings.NewReader(`{"name": "x"}`), "version 0; expected 1"},
		"text for a count": {
			strings.NewReader(`{"version": 1, "status": "success", "models": [{"status": "new", "after": "<b>"}]}`),
			"it is not a report",
		},
		"a deep file": {
			strings.NewReader(`{"version": 1, "x": ` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`),
			"it is not a report",
		},
		"too many values": {
			strings.NewReader(`{"version": 1, "models": [` + strings.Repeat("{},", 500_000) + `{}]}`),
			"it has more than 500,000 objects and lists",
		},
		"too large a file": {
			io.MultiReader(strings.NewReader(`{"version": 1, "x": "`), io.LimitReader(endless{}, 32<<20)),
			"it has more than 33,554,432 bytes",
		},
		"an unreadable file": {iotest.ErrReader(io.ErrUnexpectedEOF), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefused(t, tt.from, tt.want)
		})
	}
}

func wantRefused(t *testing.T, from io.Reader, want string) {
	t.Helper()
	_, err := report.Read(from)
	if err == nil || !strings.Contains(err.Error(), want) ||
		strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 300 {
		t.Errorf("got error %v, want %q in one short line", err, want)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestDerivedValuesAreComputedAgain(t *testing.T) {
	t.Parallel()
	lying := situation.Changed()
	honest := jsonOf(t, lying)
	lying.Totals = report.Totals{Models: 1, Changed: 1, RowsBefore: 1, RowsAfter: 1, RowsDelta: 1, GatesBreached: 1}
	lying.Gates = everyKey().Gates
	for i := range lying.Models {
		lying.Models[i].Change, lying.Models[i].BaselineChange = new(int64(7)), new(int64(7))
	}
	lying.Models[0], lying.Models[5] = lying.Models[5], lying.Models[0]
	got, err := report.Read(strings.NewReader(jsonOf(t, lying)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(honest, jsonOf(t, got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestNewerKeysAreIgnored(t *testing.T) {
	t.Parallel()
	text := strings.Replace(jsonOf(t, situation.Changed()), "{", `{"added": {"x": [1]},`, 1)
	if _, err := report.Read(strings.NewReader(text)); err != nil {
		t.Error(err)
	}
}
