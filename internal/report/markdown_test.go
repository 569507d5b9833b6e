package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestMarkdownOfEachSituation(t *testing.T) {
	t.Parallel()
	for name, r := range situations() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			comment, err := Comment(r, "")
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

func TestRemarksStandAtTheFilesOfBreachedAndFailedModels(t *testing.T) {
	t.Parallel()
	shared := breachedGates()
	for i := range shared.Models {
		shared.Models[i].File = "shop/snapshots/all.sql"
	}
	for name, r := range map[string]Report{
		"breached": breachedGates(), "failed": failed(), "hostile": hostile(anAttack), "baseline": againstMain(), "one-file": shared,
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

func TestCommentOfTooManyModelsCutsWholeRowsAndSaysSo(t *testing.T) {
	t.Parallel()
	comment, err := Comment(large(2000, 500), runURL)
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, comment, commentLimit)
	shown := strings.Count(comment, "| 🔺 |")
	if shown < 100 {
		t.Errorf("%d changed models shown beside 500 failures; want a table of at least 100", shown)
	}
	for _, want := range []string{
		fmt.Sprintf("\n\n… %s left out to keep this short; [the job summary](%s) has the full list.\n", number(2000-shown), runURL),
		"<details><summary>100 models unchanged</summary>\n\n… 100 left out",
	} {
		if !strings.Contains(comment, want) {
			t.Errorf("comment lacks %q", want)
		}
	}
	if !strings.Contains(comment, "`"+strings.Repeat("m", 96)+"1999`") {
		t.Error("the largest change is not shown")
	}
}

func TestCommentOfTooManyBreachesHasRoomForTheTable(t *testing.T) {
	t.Parallel()
	r := large(2000, 500)
	for i := range r.Models {
		r.Models[i].Gates = []Gate{{Gate: "max-growth", Axis: tally.AxisRun, Limit: "5%", Value: "+100.0 %", Severity: tally.SeverityError}}
	}
	comment, err := Comment(r, runURL)
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, comment, commentLimit)
	for what, least := range map[string]int{"| `max-growth` |": 100, "❌ **test**": 3, "| 1,000 |": 50} {
		if shown := strings.Count(comment, what); shown < least {
			t.Errorf("%d of %q shown, want at least %d", shown, what, least)
		}
	}
}

func TestMarkdownOfTooManyModels(t *testing.T) {
	t.Parallel()
	comment, err := render("comment.md.tmpl", commentPage(large(40, 5), runURL), 5000)
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "testdata/comment.too-many.golden.md", comment)
}

func TestSummaryHoldsTwoThousandModels(t *testing.T) {
	t.Parallel()
	summary, err := Summary(large(2000, 500))
	if err != nil {
		t.Fatal(err)
	}
	checkPage(t, summary, summaryLimit)
	if shown := strings.Count(summary, "| 🔺 |"); shown != 2000 {
		t.Errorf("%d models shown, want 2000", shown)
	}
}

func TestPagesKeepWithinAnyLimit(t *testing.T) {
	t.Parallel()
	reports := situations()
	reports["large"] = large(60, 20)
	for name, r := range reports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for limit := 500; limit < 20_000; limit += 173 {
				for file, p := range map[string]*page{
					"comment.md.tmpl": commentPage(r, runURL),
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

func TestFoldsGoBeforeChangedRows(t *testing.T) {
	t.Parallel()
	r := changed()
	for limit := 1400; limit < 4000; limit += 10 {
		text, err := render("comment.md.tmpl", commentPage(r, ""), limit)
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
	_, err := render("comment.md.tmpl", commentPage(changed(), ""), 100)
	if err == nil || !strings.Contains(err.Error(), "limit is 100") {
		t.Errorf("got error %v, want one that names the limit", err)
	}
}

// checkPage fails unless text keeps the limit, is UTF-8, closes what it opens
// and has whole tables only.
func checkPage(t *testing.T, text string, limit int) {
	t.Helper()
	if len(text) > limit {
		t.Errorf("%d bytes, limit is %d", len(text), limit)
	}
	if !utf8.ValidString(text) {
		t.Error("not UTF-8")
	}
	page := htmlOf(t, text)
	if opened, closed := strings.Count(page, "<details>"), strings.Count(page, "</details>"); opened != closed || opened == 0 {
		t.Errorf("%d <details> opened, %d closed", opened, closed)
	}
	width := 0
	inBlock := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if fence := fenceOf.FindStringSubmatch(line); fence != nil && (inBlock == "" || inBlock == line) {
			inBlock = strings.TrimPrefix(fence[1], inBlock)
		}
		if inBlock != "" || !strings.HasPrefix(line, "|") {
			width = 0
			continue
		}
		cells := len(pipe.FindAllString(line, -1))
		if width != 0 && cells != width || !strings.HasSuffix(line, " |") && !strings.HasSuffix(line, "-|") {
			t.Errorf("broken table row: %s", line)
		}
		width = cells
	}
}

var (
	changedRow = regexp.MustCompile(`(?m)^\| (❗|🔻|🔺|🆕)`)
	fenceOf    = regexp.MustCompile("^(`{3,})(?:mermaid)?$")
	pipe       = regexp.MustCompile(`(?:^| )\|`)
)

func htmlOf(t *testing.T, markdown string) string {
	t.Helper()
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// tagsOf lists the HTML elements of a page that a hostile text could want.
func tagsOf(page string) map[string]int {
	count := map[string]int{}
	for _, tag := range regexp.MustCompile(`<(/?[a-z0-9]+)`).FindAllStringSubmatch(page, -1) {
		count[tag[1]]++
	}
	return count
}

func TestHostileTextAddsNoElement(t *testing.T) {
	t.Parallel()
	comment, err := Comment(hostile(anAttack), "")
	if err != nil {
		t.Fatal(err)
	}
	summary, err := SummaryWithTrend(hostile(anAttack))
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

func TestReasonsArePlainOnlyWhereNothingInThemIsMarkup(t *testing.T) {
	t.Parallel()
	plain := "a view: counting it would run it (count-views turns that on)"
	if got := prose(plain); got != plain {
		t.Errorf("got %q, want it as it is", got)
	}
	for _, reason := range []string{"ask @octocat", "*x*", "<b>", "see #1", "www.e.vil", "GH-1", ":tada:", "a_b", "x: :tada:", "[a](b)"} {
		if got, want := prose(reason), "`"+reason+"`"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzCellsComeBack(f *testing.F) {
	for _, seed := range []string{
		"orders", "a|b", `a\|b`, `a\`, "`", "``a`` `", "@octocat", "<!-- x -->", "</details>", "[x](y)", "a\nb", "\r\n| x |",
		"\x00\x1b[0m", "\u202eabc", "  ", "*b*", "~~s~~", "https://e.vil", "&amp;", "\xff\xfe", strings.Repeat("x|", 300), "a: b (c)", ":tada:", "\\`|`",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := tableOf([]string{text}, []column[string]{
			{"code", false, code},
			{"prose", false, prose},
			{"number", true, func(string) string { return "1" }},
		})
		page := htmlOf(t, s.Head+strings.Join(s.Rows, "\n")+"\n")
		want := clean(text, maxName)
		if want == "" {
			want = nothing
		}
		if diff := cmp.Diff([]string{want, want, "1"}, cellsOf(page)); diff != "" {
			t.Errorf("cells of %q (-want +got):\n%s", text, diff)
		}
	})
}

func FuzzBlockIsOneBlock(f *testing.F) {
	for _, seed := range []string{"", "error", "```\n</details>", "~~~", "a\r\nb\rc", strings.Repeat("`", 300), "\x00\u2028x", strings.Repeat("l\n", 50), "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		page := htmlOf(t, block(text)+"\nafter\n")
		if !strings.HasPrefix(page, "<pre><code>") || !strings.HasSuffix(page, "</code></pre>\n<p>after</p>\n") || strings.Count(page, "<") != 6 {
			t.Errorf("%q became %s", text, page)
		}
		if lines := strings.Count(page, "\n"); lines > maxLines+3 {
			t.Errorf("%q became %d lines", text, lines)
		}
	})
}

var tableCell = regexp.MustCompile(`(?s)<td[^>]*>(.*?)</td>`)

// cellsOf reads the text of the table cells of a page.
func cellsOf(page string) []string {
	unescape := strings.NewReplacer("<code>", "", "</code>", "", "&lt;", "<", "&gt;", ">", "&quot;", `"`, "&amp;", "&")
	var cells []string
	for _, m := range tableCell.FindAllStringSubmatch(page, -1) {
		cells = append(cells, unescape.Replace(m[1]))
	}
	return cells
}

func BenchmarkCommentOfTwoThousandModels(b *testing.B) {
	r := large(2000, 0)
	for b.Loop() {
		if _, err := Comment(r, runURL); err != nil {
			b.Fatal(err)
		}
	}
}
