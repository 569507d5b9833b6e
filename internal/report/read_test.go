package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

func TestReportComesBackAsItWasWrittenButForTheLink(t *testing.T) {
	t.Parallel()
	reports := situations()
	reports["every-key"] = everyKey()
	reports["large"] = large(2000, 20)
	delete(reports, "hostile") // has bytes that are no text
	for name, want := range reports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if want.Baseline != nil {
				without := *want.Baseline
				without.URL = ""
				want.Baseline = &without
			}
			got, err := Read(strings.NewReader(jsonOf(t, want)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWhatNoRunWritesIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*Report)
		want   string
	}{
		"another version":        {func(r *Report) { r.Version = 2 }, "version 2; want 1"},
		"no status":              {func(r *Report) { r.Status = "" }, `unknown status ""`},
		"a status of its own":    {func(r *Report) { r.Status = "::error::" + Status(strings.Repeat("x", 100)) }, `unknown status "::error::` + strings.Repeat("x", 30) + `…"`},
		"a model's status":       {func(r *Report) { r.Models[1].Status = "great\n" }, `model 2: unknown status "great\n"`},
		"a gate's axis":          {func(r *Report) { r.Models[0].Gates[0].Axis = "both" }, `model 1: unknown axis "both"`},
		"a gate's severity":      {func(r *Report) { r.Models[0].Gates[0].Severity = "" }, `model 1: unknown severity ""`},
		"rows below zero":        {func(r *Report) { *r.Models[0].Before = -1 }, "model 1: an impossible count, -1"},
		"more rows than any":     {func(r *Report) { *r.Models[0].After = math.MaxInt64 }, "an impossible count, 9223372036854775807"},
		"an absurd baseline":     {func(r *Report) { *r.Models[0].Baseline = math.MinInt64 }, "an impossible count, -9223372036854775808"},
		"an absurd history":      {func(r *Report) { r.Models[0].History[0] = -3 }, "an impossible count, -3"},
		"a long history":         {func(r *Report) { r.Models[0].History = make([]int64, 31) }, "a history of 31 counts; want 30 at most"},
		"seconds below zero":     {func(r *Report) { r.Models[0].Seconds = -1 }, "model 1: an impossible number of seconds"},
		"endless seconds":        {func(r *Report) { *r.Models[0].BaselineSeconds = 1e300 }, "model 1: an impossible number of seconds"},
		"statements below zero":  {func(r *Report) { r.Audit.Statements = -1 }, "an impossible number of statements"},
		"an endless audit":       {func(r *Report) { r.Audit.Seconds = ptr(1e300) }, "an impossible number of statements or seconds"},
		"an endless preparation": {func(r *Report) { r.Requirements = ptr(-1.0) }, "an impossible number of statements or seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := everyKey()
			tt.change(&r)
			wantRefused(t, strings.NewReader(jsonOf(t, r)), tt.want)
		})
	}
}

func TestWhatIsNoReportIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from io.Reader
		want string
	}{
		"nothing":           {strings.NewReader(""), "it is no report: unexpected end of JSON input"},
		"a torn file":       {strings.NewReader(`{"version": 1, "models": [{`), "it is no report: unexpected end of JSON input"},
		"a list":            {strings.NewReader(`[]`), "it is no report"},
		"another object":    {strings.NewReader(`{"name": "x"}`), "version 0; want 1"},
		"text for a count":  {strings.NewReader(`{"version": 1, "status": "success", "models": [{"status": "new", "after": "<b>"}]}`), "it is no report"},
		"a deep file":       {strings.NewReader(`{"version": 1, "x": ` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`), "it is no report"},
		"too many values":   {strings.NewReader(`{"version": 1, "models": [` + strings.Repeat("{},", maxValues) + `{}]}`), "it has more than 500,000 objects and lists"},
		"too large a file":  {io.MultiReader(strings.NewReader(`{"version": 1, "x": "`), io.LimitReader(endless{}, maxBytes)), "it has more than 33,554,432 bytes"},
		"an unreadable one": {iotest.ErrReader(io.ErrUnexpectedEOF), "unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefused(t, tt.from, tt.want)
		})
	}
}

func wantRefused(t *testing.T, from io.Reader, want string) {
	t.Helper()
	if _, err := Read(from); err == nil || !strings.Contains(err.Error(), want) || strings.ContainsAny(err.Error(), "\n\r") || len(err.Error()) > 300 {
		t.Errorf("got error %v, want one that says %q in one short line", err, want)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestWhatFollowsFromTheModelsIsNotTakenOver(t *testing.T) {
	t.Parallel()
	lying := changed()
	honest := jsonOf(t, lying)
	lying.Totals = Totals{Models: 1, Changed: 1, RowsBefore: 1, RowsAfter: 1, RowsDelta: 1, GatesBreached: 1}
	lying.Gates = everyKey().Gates
	for i := range lying.Models {
		lying.Models[i].Change, lying.Models[i].BaselineChange = ptr[int64](7), ptr[int64](7)
	}
	lying.Models[0], lying.Models[5] = lying.Models[5], lying.Models[0]
	got, err := Read(strings.NewReader(jsonOf(t, lying)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(honest, jsonOf(t, got)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestKeysThatWereAddedSinceArePassedOver(t *testing.T) {
	t.Parallel()
	if _, err := Read(strings.NewReader(strings.Replace(jsonOf(t, changed()), "{", `{"added": {"x": [1]},`, 1))); err != nil {
		t.Error(err)
	}
}

// attacks try to be a link, a mention, a reference, an element, a command.
var attacks = []string{
	anAttack, "a` @octocat <b>x</b> [x](https://e.vil) `b", "https://e.vil/x", "www.e.vil", "me@e.vil", "@octocat", "octo/shop#1", "#1", "GH-1", "[x](https://e.vil)", "<https://e.vil>",
	"![x](//e.vil)", "[x]: https://e.vil\n", "</details>", "<!-- dbt-tally: {} -->", "`", "```", "~~~\n", "|", "\\", "&lt;b&gt;", "<b", "::error::x", "\n\n# x\n", "\u2028", strings.Repeat("x", 1000),
}

// Whatever file is read, what is posted of it can be made and is nothing but text.
func FuzzRead(f *testing.F) {
	for _, r := range situations() {
		f.Add([]byte(jsonOf(f, r)))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		if r, err := Read(bytes.NewReader(file)); err == nil {
			wantHarmless(t, r)
		}
	})
}

// Whatever text stands wherever there can be text, it stays text.
func FuzzReadText(f *testing.F) {
	for _, attack := range attacks {
		f.Add(attack)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := Read(strings.NewReader(jsonOf(t, hostile(text))))
		if err != nil {
			t.Fatal(err)
		}
		wantHarmless(t, r)
	})
}

func wantHarmless(t *testing.T, r Report) {
	t.Helper()
	_, title := Judge(r)
	wantText(t, title)
	comment, err := PublishedComment(r, runURL)
	if err != nil {
		return // of more commands than a comment has room for
	}
	if len(comment) > commentLimit {
		t.Errorf("%d bytes", len(comment))
	}
	wantText(t, comment)
	for _, remark := range Remarks(r) {
		wantText(t, remark.Text)
	}
}

// wantText fails where a page has an element that is not of our templates.
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
	fold      = regexp.MustCompile(`^(?:<details><summary>[\w, ]+</summary>|</details>)\n$`)
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

func TestPublishedCommentSaysForWhichRun(t *testing.T) {
	t.Parallel()
	comment, err := PublishedComment(changed(), runURL)
	if err != nil {
		t.Fatal(err)
	}
	own, err := Comment(changed(), runURL)
	if err != nil {
		t.Fatal(err)
	}
	line := "\nPosted for [this run](" + runURL + "), which may not write here itself: the figures are its own word.\n"
	if strings.Replace(comment, line, "", 1) != own || !strings.Contains(comment, line) {
		t.Errorf("got\n%s\nwant the run's own comment and the line %s", comment, line)
	}
}
