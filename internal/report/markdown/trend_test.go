package markdown

import (
	"math"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestSummaryWithTrend(t *testing.T) {
	t.Parallel()
	summary, err := SummaryWithTrend(situation.Nightly())
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, summary, summaryLimit)
	golden.Check(t, "testdata/summary.trend.golden.md", summary)
}

func TestATrendWithoutHistoryIsOmitted(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]report.Report{
		"no earlier run": situation.Changed(), "nothing changed": situation.Stale(),
	} {
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
		earlier := situation.Main()
		earlier.URL = url
		text := compared(report.New(situation.Run(), tally.Tally{BaselineRun: earlier}))
		if got := link.MatchString(text); got != want {
			t.Errorf("%q became %q", url, text)
		}
	}
}
