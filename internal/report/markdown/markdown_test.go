package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestMarkdownOfEachSituation(t *testing.T) {
	t.Parallel()
	for name, r := range situation.All() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comment, err := Comment(r, Links{})
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "testdata/comment."+name+".golden.md", comment)
			summary, err := Summary(r)
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, "testdata/summary."+name+".golden.md", summary)
		})
	}
}

func TestRemarksAreOnTheFilesOfBreachedAndFailedModels(t *testing.T) {
	t.Parallel()
	shared := situation.Breached()
	for i := range shared.Models {
		shared.Models[i].File = "shop/snapshots/all.sql"
	}
	for name, r := range map[string]report.Report{
		"breached": situation.Breached(), "failed": situation.Failed(), "one-file": shared,
		"hostile": situation.Hostile(situation.Attack), "baseline": situation.AgainstMain(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			for _, remark := range Remarks(r) {
				b.WriteString(code(remark.File) + "\n\n" + remark.Text + "\n\n")
			}
			golden.Check(t, "testdata/remarks."+name+".golden.md", b.String())
		})
	}
}

const runURL = "https://github.com/octo/shop/actions/runs/1"

func TestCommentOfTooManyModelsCountsTheRowsItCuts(t *testing.T) {
	t.Parallel()
	comment, err := Comment(situation.Large(2000, 500), Links{Run: runURL})
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, comment, commentLimit)
	shown := strings.Count(comment, "| ↑ |")
	if shown < 100 {
		t.Errorf("%d changed models shown beside 500 failures; want a table of at least 100", shown)
	}
	for _, want := range []string{
		fmt.Sprintf("\n\n… %s left out to keep this short; [the job summary](%s) has the full list.\n",
			tally.Number(2000-shown), runURL),
		"<details><summary>100 unchanged · details of this run</summary>\n\n… 100 left out",
	} {
		if !strings.Contains(comment, want) {
			t.Errorf("comment lacks %q", want)
		}
	}
	if !strings.Contains(comment, "`"+strings.Repeat("m", 96)+"1999`") {
		t.Error("the largest change is not shown")
	}
}

func TestCommentOfTooManyBreachesKeepsTheTable(t *testing.T) {
	t.Parallel()
	r := situation.Large(2000, 500)
	for i := range r.Models {
		r.Models[i].Gates = []report.Gate{{
			Gate: "max-growth", Axis: tally.AxisBefore, Limit: "5%", Value: "+100.0%", Severity: tally.SeverityError,
		}}
	}
	comment, err := Comment(r, Links{Run: runURL})
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, comment, commentLimit)
	for what, least := range map[string]int{"`max-growth 5%` breached": 100, "❌ **test**": 3} {
		if shown := strings.Count(comment, what); shown < least {
			t.Errorf("%d of %q shown, want at least %d", shown, what, least)
		}
	}
}

func TestMarkdownOfTooManyModels(t *testing.T) {
	t.Parallel()
	comment, err := render("comment.md.tmpl", commentPage(situation.Large(40, 5), Links{Run: runURL}), 5000)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/comment.too-many.golden.md", comment)
}

func TestSummaryHoldsTwoThousandModels(t *testing.T) {
	t.Parallel()
	summary, err := Summary(situation.Large(2000, 500))
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, summary, summaryLimit)
	if shown := strings.Count(summary, "| ↑ |"); shown != 2000 {
		t.Errorf("%d models shown, want 2000", shown)
	}
}

func TestPagesKeepWithinAnyLimit(t *testing.T) {
	t.Parallel()
	reports := situation.All()
	reports["large"] = situation.Large(60, 20)
	for name, r := range reports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for limit := 500; limit < 20_000; limit += 173 {
				for file, p := range map[string]*page{
					"comment.md.tmpl": commentPage(r, Links{Run: runURL}),
					"summary.md.tmpl": summaryPage(r, true),
				} {
					if text, err := render(file, p, limit); err == nil {
						checkPage(t, text, limit)
					} else if limit > 12_000 {
						t.Errorf("limit %d: %v", limit, err)
					}
				}
			}
		})
	}
}

func TestCalmModelsGoBeforeChangedRows(t *testing.T) {
	t.Parallel()
	r := situation.Changed()
	for limit := 1400; limit < 4000; limit += 10 {
		text, err := render("comment.md.tmpl", commentPage(r, Links{}), limit)
		if err != nil {
			continue
		}
		rows := len(changedRow.FindAllString(text, -1))
		if rows < r.Totals.Changed && strings.Contains(text, "| `dim_a` |") {
			t.Fatalf("limit %d: %d of %d changed rows shown, but unchanged models are", limit, rows, r.Totals.Changed)
		}
	}
}

func TestTooSmallALimitIsAnError(t *testing.T) {
	t.Parallel()
	_, err := render("comment.md.tmpl", commentPage(situation.Changed(), Links{}), 100)
	if err == nil || !strings.Contains(err.Error(), "limit is 100") {
		t.Errorf("got error %v, want one with the limit", err)
	}
}

// tagsOf lists the HTML elements of a page that a hostile text could add.
func tagsOf(page string) map[string]int {
	count := map[string]int{}
	for _, tag := range regexp.MustCompile(`<(/?[a-z0-9]+)`).FindAllStringSubmatch(page, -1) {
		count[tag[1]]++
	}
	return count
}

func TestHostileTextAddsNoElement(t *testing.T) {
	t.Parallel()
	comment, err := Comment(situation.Hostile(situation.Attack), Links{})
	if err != nil {
		t.Fatal(err)
	}
	summary, err := SummaryWithTrend(situation.Hostile(situation.Attack))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"comment": comment, "summary": summary} {
		checkPage(t, text, commentLimit)
		tags := tagsOf(htmlOf(t, text))
		for _, tag := range []string{"a", "b", "img", "input", "del"} {
			if tags[tag] > 0 {
				t.Errorf("%s: %d <%s> elements; want none", name, tags[tag], tag)
			}
		}
		for _, c := range []string{"\x1b", "\x00", "\u202e", "\xff"} {
			if strings.Contains(text, c) {
				t.Errorf("%s contains %q", name, c)
			}
		}
	}
}

func BenchmarkCommentOfTwoThousandModels(b *testing.B) {
	r := situation.Large(2000, 0)
	for b.Loop() {
		if _, err := Comment(r, Links{Run: runURL}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestSecondsAroundDBTAreStatedFromOneOn(t *testing.T) {
	t.Parallel()
	r := situation.Changed()
	for seconds, want := range map[float64]string{0.9: " of the models' execution time", 7.2: ", 7.2 s before and after dbt"} {
		r.Audit.Around = seconds
		if got := audit(r); !strings.HasSuffix(got, want) {
			t.Errorf("%v s: %q; want %q at its end", seconds, got, want)
		}
	}
}
