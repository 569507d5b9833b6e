package markdown

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

func TestReasonsArePlainOnlyWhereNothingInThemIsMarkup(t *testing.T) {
	t.Parallel()
	plain := "a view: counting it would run its query (set count-views to count it)"
	if got := prose(plain); got != plain {
		t.Errorf("got %q, want it as it is", got)
	}
	for _, reason := range []string{
		"ask @octocat", "*x*", "<b>", "see #1", "www.e.vil", "GH-1", ":tada:", "a_b", "x: :tada:", "[a](b)",
	} {
		if got, want := prose(reason), "`"+reason+"`"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func FuzzCellsComeBack(f *testing.F) {
	for _, seed := range []string{
		"orders", "a|b", `a\|b`, `a\`, "`", "``a`` `", "@octocat", "<!-- x -->", "</details>", "[x](y)", "a\nb", "\r\n| x |",
		"\x00\x1b[0m", "\u202eabc", "  ", "*b*", "~~s~~", "https://e.vil", "&amp;", "\xff\xfe",
		strings.Repeat("x|", 300), "a: b (c)", ":tada:", "\\`|`",
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
		want := report.Clean(text, report.MaxName)
		if want == "" {
			want = report.Nothing
		}
		if diff := cmp.Diff([]string{want, want, "1"}, cellsOf(page)); diff != "" {
			t.Errorf("cells of %q (-want +got):\n%s", text, diff)
		}
	})
}

func FuzzBlockIsOneBlock(f *testing.F) {
	for _, seed := range []string{
		"", "error", "```\n</details>", "~~~", "a\r\nb\rc", strings.Repeat("`", 300), "\x00\u2028x",
		strings.Repeat("l\n", 50), "\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		page := htmlOf(t, block(text)+"\nafter\n")
		if !strings.HasPrefix(page, "<pre><code>") || !strings.HasSuffix(page, "</code></pre>\n<p>after</p>\n") ||
			strings.Count(page, "<") != 6 {
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
