package markdown

import (
	"math"
	"regexp"
	"strconv"
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

// Nothing in a page of Markdown can choose a colour by the theme, so one must do for both.
func TestTheLineOfTheChartIsVisibleInBothThemes(t *testing.T) {
	t.Parallel()
	summary, err := SummaryWithTrend(situation.Nightly())
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`plotColorPalette: "#([0-9a-f]{6})"`).FindStringSubmatch(summary)
	if line == nil {
		t.Fatalf("no colour in %s", summary)
	}
	for theme, background := range map[string]string{"light": "ffffff", "dark": "0d1117"} { // GitHub's
		if got := contrast(t, line[1], background); got < 3 {
			t.Errorf("%s: contrast %.2f; want at least 3", theme, got)
		}
	}
	if got := contrast(t, "ffffff", "000000"); math.Abs(got-21) > 0.01 {
		t.Errorf("white on black has %.2f; want 21", got)
	}
}

// contrast returns the ratio of https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) (sum float64) {
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			value, err := strconv.ParseUint(colour[2*i:2*i+2], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			part := float64(value) / 255
			if part <= 0.04045 {
				sum += weight * part / 12.92
			} else {
				sum += weight * math.Pow((part+0.055)/1.055, 2.4)
			}
		}
		return sum
	}
	light, dark := max(luminance(a), luminance(b)), min(luminance(a), luminance(b))
	return (light + 0.05) / (dark + 0.05)
}

func TestSparklines(t *testing.T) {
	t.Parallel()
	for want, counts := range map[string][]int64{
		"▁▂▃▄▅▆▇█": {10, 11, 12, 13, 14, 15, 16, 17},
		"▁▁▁":      {5, 5, 5},
		"█▁":       {math.MaxInt64, 0},
	} {
		if got := report.Sparkline(counts); got != want {
			t.Errorf("Sparkline(%v) = %s, want %s", counts, got, want)
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
