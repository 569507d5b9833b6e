package report_test

import (
	"math"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestDurationsReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		-1: "0.0 s", 0: "0.0 s", 0.04: "0.0 s", 0.4: "0.4 s", 9.94: "9.9 s", 9.96: "10 s", 59.4: "59 s", 59.6: "1 min 00 s",
		192: "3 min 12 s", 3599.6: "1 h 00 min", 3720: "1 h 02 min", 3600 * 1234: "1,234 h 00 min",
	} {
		if got := report.Duration(seconds); got != want {
			t.Errorf("duration(%v) = %q, want %q", seconds, got, want)
		}
	}
}

func TestChangesInWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name          string
		status        tally.Status
		before, after int64
		want          string
	}{
		{"shrank", tally.Shrank, 120_340, 98_201, "−22,139 (−18.4%)"},
		{"grew", tally.Grew, 98_000, 99_204, "+1,204 (+1.2%)"},
		{"grew from nothing", tally.Grew, 0, 42, "+42 (new rows)"},
		{"grew a little", tally.Grew, 1_000_000, 1_000_001, "+1 (<0.1%)"},
		{"grew by the most possible", tally.Grew, 1, math.MaxInt64, "+9,223,372,036,854,775,806 (>999.9%)"},
		{"shrank to almost nothing", tally.Shrank, math.MaxInt64, 1, "−9,223,372,036,854,775,806 (>99.9%)"},
		{"emptied", tally.Emptied, 12, 0, "−12 (emptied)"},
		{"new", tally.New, situation.Unknown, 42, "+42 (new)"},
		{"new and empty", tally.New, situation.Unknown, 0, "no rows"},
		{"unchanged", tally.Unchanged, 5, 5, "unchanged"},
		{"empty", tally.Empty, 0, 0, "empty"},
		{"failed", tally.Failed, situation.Unknown, situation.Unknown, "failed"},
		{"failed after some batches", tally.Failed, 5, 8, "+3 (failed)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := line(situation.Model("m", test.status, test.before, test.after, 0))
			if got := report.ChangeWords(m); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if got, want := tally.Number(int64(math.MinInt64)), "−9,223,372,036,854,775,808"; got != want {
		t.Errorf("Number(MinInt64) = %q, want %q", got, want)
	}
}

func TestDifferencesFromTheBaselineInWords(t *testing.T) {
	t.Parallel()
	now := func(after int64) tally.Model { return situation.Model("m", tally.New, situation.Unknown, after, 1) }
	for want, m := range map[string]tally.Model{
		"−100 (−10.0%)": situation.Was(now(900), 1000, 1),
		"+5 (new rows)": situation.Was(now(5), 0, 1),
		"−5 (emptied)":  situation.Was(now(0), 5, 1),
		"same":          situation.Was(now(5), 5, 1),
		"new":           situation.NewThere(now(5)),
		"–":             now(5),
	} {
		if got := report.AgainstWords(line(m)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTimesAreComparedWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		now, then float64
		want      string
	}{
		{720, 240, "12 min 00 s, was 4 min 00 s"},
		{2, 8, "2.0 s, was 8.0 s"},
		{0.9, 0.1, "0.9 s"},
		{130, 120, "2 min 10 s"},
		{0, 5, "–"},
	} {
		if got := report.TimeWords(report.Model{Seconds: test.now, BaselineSeconds: &test.then}); got != test.want {
			t.Errorf("%v s, then %v s: got %q, want %q", test.now, test.then, got, test.want)
		}
	}
}

func TestAgesOfBaselines(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", 59 * time.Second: "just now", 90 * time.Second: "1 min ago", 59 * time.Minute: "59 min ago",
		2*time.Hour + 5*time.Minute: "2 h ago", 47 * time.Hour: "47 h ago",
		2 * day: "2 days ago", 9*day + time.Hour: "9 days ago",
	} {
		if got := report.Ago(d); got != want {
			t.Errorf("ago(%v) = %q, want %q", d, got, want)
		}
	}
}

// line returns the line of a model in a report.
func line(m tally.Model) report.Model {
	return situation.Report(situation.Run(), tally.Tally{Models: []tally.Model{m}}).Models[0]
}

func TestWrittenWords(t *testing.T) {
	t.Parallel()
	wrote := func(inserted, updated, deleted int64) *report.Written {
		return &report.Written{Inserted: &inserted, Updated: &updated, Deleted: &deleted}
	}
	versions := wrote(65, 35, 0)
	versions.Versions = &report.Versions{New: 40, Closed: 10}
	tests := map[string]struct {
		model report.Model
		want  string
	}{
		"not counted":       {report.Model{Materialized: "incremental"}, ""},
		"all three":         {report.Model{Materialized: "incremental", Written: wrote(1_204, 20, 5)}, "+1,204 ~20 −5"},
		"zeros are left":    {report.Model{Materialized: "incremental", Written: wrote(0, 20, 0)}, "~20"},
		"nothing written":   {report.Model{Materialized: "incremental", Written: wrote(0, 0, 0)}, ""},
		"not known":         {report.Model{Materialized: "incremental", Written: &report.Written{}}, ""},
		"a first build":     {report.Model{Materialized: "incremental", Status: tally.New, Written: wrote(1, 0, 0)}, ""},
		"a table":           {report.Model{Materialized: "table", Written: wrote(1, 2, 3)}, ""},
		"a snapshot":        {report.Model{ResourceType: "snapshot", Written: wrote(65, 35, 0)}, "+65 ~35"},
		"a snapshot's keys": {report.Model{ResourceType: "snapshot", Written: versions}, "40 new, 10 closed"},
	}
	for name, test := range tests {
		if got := report.WrittenWords(test.model); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
	appended := report.Model{Materialized: "incremental", Change: new(int64(7)), Written: wrote(7, 0, 0)}
	replaced := report.Model{Materialized: "incremental", Change: new(int64(7)), Written: wrote(9, 0, 2)}
	if appended.WroteMore() || !replaced.WroteMore() {
		t.Error("only what was appended, not what was replaced, is said by the change alone")
	}
}
