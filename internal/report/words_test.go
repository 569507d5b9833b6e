package report

import (
	"math"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestDurationsReadAsPeopleSayThem(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{
		-1: "0.0 s", 0: "0.0 s", 0.04: "0.0 s", 0.4: "0.4 s", 9.94: "9.9 s", 9.96: "10 s", 59.4: "59 s", 59.6: "1 min 00 s",
		192: "3 min 12 s", 3599.6: "1 h 00 min", 3720: "1 h 02 min", 3600 * 1234: "1,234 h 00 min",
	} {
		if got := duration(seconds); got != want {
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
		{"shrank", tally.Shrank, 120_340, 98_201, "−22,139 (−18.4 %)"},
		{"grew", tally.Grew, 98_000, 99_204, "+1,204 (+1.2 %)"},
		{"grew from nothing", tally.Grew, 0, 42, "+42 (new rows)"},
		{"grew a little", tally.Grew, 1_000_000, 1_000_001, "+1 (<0.1 %)"},
		{"grew out of all measure", tally.Grew, 1, math.MaxInt64, "+9,223,372,036,854,775,806 (>999.9 %)"},
		{"shrank to almost nothing", tally.Shrank, math.MaxInt64, 1, "−9,223,372,036,854,775,806 (>99.9 %)"},
		{"emptied", tally.Emptied, 12, 0, "−12 (emptied)"},
		{"new", tally.New, none, 42, "+42"},
		{"new and empty", tally.New, none, 0, "no rows"},
		{"unchanged", tally.Unchanged, 5, 5, "unchanged"},
		{"empty", tally.Empty, 0, 0, "empty"},
		{"failed", tally.Failed, none, none, "failed"},
		{"failed after some batches", tally.Failed, 5, 8, "+3 (failed)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := New(run(), tally.Tally{Models: []tally.Model{model("m", test.status, test.before, test.after, 0)}})
			if got := change(r.Models[0]); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if got, want := number(int64(math.MinInt64)), "−9,223,372,036,854,775,808"; got != want {
		t.Errorf("number(MinInt64) = %q, want %q", got, want)
	}
}
