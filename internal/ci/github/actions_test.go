package github

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/ci"
)

func TestCommandsAreWrittenAsTheRunnerReadsThem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(*Actions)
		want string
	}{
		{
			"mask", func(r *Actions) { r.Mask([]string{"pass%word", "", "abc", "abcd"}) },
			"::add-mask::pass%25word\n::add-mask::abcd\n",
		},
		{
			"mask of several lines",
			func(r *Actions) { r.Mask([]string{"-----BEGIN KEY-----\r\n  MIIEabc\n==\n\n-----END KEY-----\n"}) },
			"::add-mask::-----BEGIN KEY-----\n::add-mask::MIIEabc\n::add-mask::-----END KEY-----\n",
		},
		{"group", func(r *Actions) { r.Group("dbt\n::error::build")() }, "::group::dbt%0A::error::build\n::endgroup::\n"},
		{
			"annotation",
			func(r *Actions) {
				r.Annotate(ci.Annotation{
					Level: ci.Error, File: "models/a,b:c.sql",
					Title: "orders: 50% lost", Message: "100%\r\n::stop-commands::x",
				})
			},
			"::error file=models/a%2Cb%3Ac.sql,title=orders%3A 50%25 lost::100%25%0D%0A::stop-commands::x\n",
		},
		{"annotation of a file", func(r *Actions) {
			r.Annotate(ci.Annotation{
				Level: ci.Warning,
				File:  "a.sql", Message: "m",
			})
		}, "::warning file=a.sql::m\n"},
		{"annotation without a file", func(r *Actions) {
			r.Annotate(ci.Annotation{
				Level:   ci.Notice,
				Message: "m",
			})
		}, "::notice::m\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			tt.do(New(job(nil), &out))
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			out.Reset()
			tt.do(New(job(map[string]string{"GITHUB_ACTIONS": ""}), &out))
			if out.Len() != 0 {
				t.Errorf("outside of Actions it wrote %q", &out)
			}
		})
	}
}

func TestStoppedCommandsResumeByATokenThatCannotBeGuessed(t *testing.T) {
	t.Parallel()
	stopped := regexp.MustCompile(`^::stop-commands::(\w{20,})\n::error::from dbt\n::(\w{20,})::\n$`)
	tokens := map[string]bool{}
	for range 2 {
		var out bytes.Buffer
		resume := New(job(nil), &out).StopCommands()
		out.WriteString("::error::from dbt") // without a line break
		resume()
		m := stopped.FindStringSubmatch(out.String())
		if m == nil || m[1] != m[2] || tokens[m[1]] {
			t.Errorf("wrote %q after the tokens %v", &out, tokens)
			continue
		}
		tokens[m[1]] = true
	}
}

func TestClosedOutputDoesNotPanic(t *testing.T) {
	t.Parallel()
	_, closed := io.Pipe()
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	New(job(nil), closed).Mask([]string{"secret"})
}

func TestSummaryAndOutputsAreAppended(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	summary, output := filepath.Join(dir, "summary"), filepath.Join(dir, "output")
	r := New(job(map[string]string{"GITHUB_STEP_SUMMARY": summary, "GITHUB_OUTPUT": output}), io.Discard)
	for _, err := range []error{
		r.Summary("### one"),
		r.Summary("### two\n"),
		r.Output("status", "failed"),
		r.Output("report-json", `{"a":"x=<<_GitHubActionsFileCommandDelimeter_"}`),
		r.Output("empty", ""),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	for path, want := range map[string]string{
		summary: "### one\n### two\n",
		output:  "status=failed\nreport-json={\"a\":\"x=<<_GitHubActionsFileCommandDelimeter_\"}\nempty=\n",
	} {
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

func TestOutputOfSeveralLinesIsRefused(t *testing.T) {
	t.Parallel()
	output := filepath.Join(t.TempDir(), "output")
	r := New(job(map[string]string{"GITHUB_OUTPUT": output}), io.Discard)
	for _, value := range []string{"a\nb=c", "a\rb", "a\n"} {
		if err := r.Output("status", value); err == nil || !strings.Contains(err.Error(), `output "status"`) {
			t.Errorf("value %q: got %v", value, err)
		}
	}
	if _, err := os.Stat(output); err == nil {
		t.Error("a file was written")
	}
}

func TestFilesTheRunnerDoesNotGive(t *testing.T) {
	t.Parallel()
	r := New(job(nil), io.Discard)
	for _, err := range []error{r.Summary("text"), r.Output("status", "ok")} {
		if !errors.Is(err, ErrNoFile) {
			t.Errorf("got %v, want %v", err, ErrNoFile)
		}
	}
	dir := t.TempDir()
	r = New(job(map[string]string{"GITHUB_STEP_SUMMARY": dir}), io.Discard)
	if err := r.Summary("text"); err == nil || errors.Is(err,
		ErrNoFile) || !strings.Contains(err.Error(), "write GITHUB_STEP_SUMMARY: ") {
		t.Errorf("got %v, want the reason", err)
	}
}
