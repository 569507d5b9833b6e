package report

import (
	"math"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestSummaryWithTrend(t *testing.T) {
	t.Parallel()
	summary, err := SummaryWithTrend(nightly())
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, summary, summaryLimit)
	golden.Check(t, "testdata/summary.trend.golden.md", summary)
}

func TestTrendOfARunThatHasNoneIsLeftOut(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]Report{"no earlier run": changed(), "nothing changed": stale()} {
		plain, err := Summary(r)
		if err != nil {
			t.Fatal(err)
		}
		summary, err := SummaryWithTrend(r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plain, summary); diff != "" {
			t.Errorf("%s (-plain +trend):\n%s", name, diff)
		}
	}
}

func TestSparklines(t *testing.T) {
	t.Parallel()
	for want, counts := range map[string][]int64{
		"▁▂▃▄▅▆▇█": {10, 11, 12, 13, 14, 15, 16, 17},
		"▁▁▁":      {5, 5, 5},
		"█▁":       {math.MaxInt64, 0},
	} {
		if got := sparkline(counts); got != want {
			t.Errorf("sparkline(%v) = %s, want %s", counts, got, want)
		}
	}
}

func TestStandingIsWhatTellsMore(t *testing.T) {
	t.Parallel()
	plain := func(status tally.Status, after int64) tally.Model { return model("m", status, none, after, 1) }
	for name, test := range map[string]struct {
		model tally.Model
		want  tally.Status
	}{
		"first build, fewer rows than there": {was(plain(tally.New, 9), 10, 1), tally.Shrank},
		"first build, more rows than there":  {was(plain(tally.New, 11), 10, 1), tally.Grew},
		"first build, as many as there":      {was(plain(tally.New, 10), 10, 1), tally.Unchanged},
		"first build, emptied":               {was(plain(tally.New, 0), 10, 1), tally.Emptied},
		"first build, empty there too":       {was(plain(tally.New, 0), 0, 1), tally.Empty},
		"first build, not there":             {newThere(plain(tally.New, 9)), tally.New},
		"first build, nothing compared":      {plain(tally.New, 9), tally.New},
		"built again, fewer rows than there": {was(plain(tally.Unchanged, 9), 10, 1), tally.Shrank},
		"built again, not there":             {newThere(plain(tally.Unchanged, 9)), tally.New},
		"built again, empty, not there":      {newThere(plain(tally.Empty, 0)), tally.New},
		"this run's change stays":            {was(plain(tally.Grew, 9), 10, 1), tally.Grew},
		"a failure stays":                    {newThere(plain(tally.Failed, none)), tally.Failed},
	} {
		if got := standing(lineOf(test.model)); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestDifferencesFromTheBaselineInWords(t *testing.T) {
	t.Parallel()
	now := func(after int64) tally.Model { return model("m", tally.New, none, after, 1) }
	for want, m := range map[string]tally.Model{
		"−100 (−10.0 %)": was(now(900), 1000, 1),
		"+5 (new rows)":  was(now(5), 0, 1),
		"−5 (emptied)":   was(now(0), 5, 1),
		"same":           was(now(5), 5, 1),
		"new":            newThere(now(5)),
		"–":              now(5),
	} {
		if got := against(lineOf(m)); got != want {
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
		if got := took(Model{Seconds: test.now, BaselineSeconds: &test.then}); got != test.want {
			t.Errorf("%v s, then %v s: got %q, want %q", test.now, test.then, got, test.want)
		}
	}
}

func TestAgesOfBaselines(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		-time.Hour: "just now", 59 * time.Second: "just now", 90 * time.Second: "1 min ago", 59 * time.Minute: "59 min ago",
		2*time.Hour + 5*time.Minute: "2 h ago", 47 * time.Hour: "47 h ago", 2 * day: "2 days ago", 9*day + time.Hour: "9 days ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("ago(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestABaselineIsStaleBeyondItsMaximumAge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limit time.Duration
		want  bool
	}{{0, false}, {time.Hour, true}, {3 * time.Hour, false}} {
		r := run()
		r.BaselineMaxAge = test.limit
		if got := New(r, tally.Tally{BaselineRun: main2h()}).Baseline.Stale; got != test.want {
			t.Errorf("2 h old, limit %v: stale is %v, want %v", test.limit, got, test.want)
		}
	}
}

func TestOnlyWebPagesAreLinked(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(`)
	for url, want := range map[string]bool{
		"https://github.com/octo/shop/actions/runs/7/attempts/2": true,
		"http://ghes.internal:8080/octo/shop/actions/runs/7":     true,
		"javascript:alert(1)":              false,
		"https://e.vil/) [x](http://e.vil": false,
		"https://e.vil/?token=1":           false,
		"":                                 false,
	} {
		earlier := main2h()
		earlier.URL = url
		text := compared(New(run(), tally.Tally{BaselineRun: earlier}))
		if got := link.MatchString(text); got != want {
			t.Errorf("%q became %q", url, text)
		}
	}
}

func TestGatesAreListedErrorsFirst(t *testing.T) {
	t.Parallel()
	r := breachedGates()
	var got []string
	for _, g := range r.Gates {
		got = append(got, string(g.Severity)+" "+g.NodeID+" "+g.Gate)
	}
	want := []string{"error model.shop.fct_orders max-drop", "warn model.shop.fct_orders max-rows", "warn model.shop.dim_region min-rows"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Totals.GatesBreached != len(want) {
		t.Errorf("gates_breached is %d, want %d", r.Totals.GatesBreached, len(want))
	}
}
