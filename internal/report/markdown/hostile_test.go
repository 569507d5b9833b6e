package markdown

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

// attacks try to be a link, a mention, a reference, an element or a command.
var attacks = []string{
	situation.Attack, "a` @octocat <b>x</b> [x](https://e.vil) `b", "https://e.vil/x",
	"www.e.vil", "me@e.vil", "@octocat", "octo/shop#1",
	"#1", "GH-1", "[x](https://e.vil)", "<https://e.vil>",
	"![x](//e.vil)", "[x]: https://e.vil\n", "</details>", "<!-- dbt-tally: {} -->", "`", "```", "~~~\n", "|", "\\",
	"&lt;b&gt;", "<b", "::error::x", "\n\n# x\n", "\u2028", strings.Repeat("x", 1000),
}

// Every file that can be read can be rendered, and its contents are shown as text.
func FuzzRead(f *testing.F) {
	for _, r := range situation.All() {
		f.Add([]byte(jsonOf(f, r)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if r, err := report.Read(bytes.NewReader(file)); err == nil {
			wantHarmless(t, r)
		}
	})
}

// A text stays text in every field of a report.
func FuzzReadText(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := report.Read(strings.NewReader(jsonOf(t, situation.Hostile(text))))
		if err != nil {
			t.Fatal(err)
		}
		wantHarmless(t, r)
	})
}

func wantHarmless(t *testing.T, r report.Report) {
	t.Helper()
	_, title := report.Judge(r)
	wantText(t, title)
	comment, err := PublishedComment(r, Links{Run: runURL})
	if err != nil {
		return // more commands than fit in a comment
	}
	if len(comment) > commentLimit {
		t.Errorf("%d bytes", len(comment))
	}
	wantText(t, comment)
	for _, remark := range Remarks(r) {
		wantText(t, remark.Text)
	}
}

// wantText fails if a page contains an element that is not in our templates.
func wantText(t *testing.T, page string) {
	t.Helper()
	source := []byte(page)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if complaint := complaintOf(n, source); entering && complaint != "" {
			t.Errorf("%s in:\n%s", complaint, page)
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

var (
	fold      = regexp.MustCompile(`^(?:<details><summary>[\w,· ]+</summary>|</details>)\n$`)
	reference = regexp.MustCompile(`@\w|#\d|GH-\d|://|www\.|:\w+:`)
)

func complaintOf(n ast.Node, source []byte) string {
	switch n := n.(type) {
	case *ast.Link:
		if string(n.Destination) != runURL {
			return fmt.Sprintf("link to %q", n.Destination)
		}
	case *ast.AutoLink, *ast.Image, *ast.RawHTML:
		return fmt.Sprintf("a %s", n.Kind())
	case *ast.HTMLBlock:
		if html := string(n.Lines().Value(source)); !fold.MatchString(html) {
			return fmt.Sprintf("HTML %q", html)
		}
	case *ast.Text:
		if found := reference.Find(n.Value(source)); found != nil && n.Parent().Kind() != ast.KindCodeSpan {
			return fmt.Sprintf("%q outside of code", found)
		}
	}
	return ""
}

func TestPublishedCommentLinksItsRun(t *testing.T) {
	t.Parallel()
	comment, err := PublishedComment(situation.Changed(), Links{Run: runURL})
	if err != nil {
		t.Fatal(err)
	}
	own, err := Comment(situation.Changed(), Links{Run: runURL})
	if err != nil {
		t.Fatal(err)
	}
	line := "\nPosted for [this run](" + runURL + "), which has no write access here. Its figures were not checked.\n"
	if strings.Replace(comment, line, "", 1) != own || !strings.Contains(comment, line) {
		t.Errorf("got\n%s\nwant the run's own comment and the line %s", comment, line)
	}
}

func jsonOf(t testing.TB, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
