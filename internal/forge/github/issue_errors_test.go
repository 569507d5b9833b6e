package github

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

func TestFailuresOfIssuesAreReported(t *testing.T) {
	t.Parallel()
	const (
		issuesPattern = "/repos/*/*/issues"
		issuePattern  = "/repos/*/*/issues/*"
	)
	type fault = fakegithub.Fault
	breach, clean := forge.Issue{RunID: 11, Breached: true, Title: "breached", Body: "new"}, forge.Issue{RunID: 11, Body: "clean"}
	const mayNot = `set "issues: write" in the job's permissions`
	for _, tt := range []struct {
		name            string
		run             forge.Issue
		method, pattern string
		fault           fault
		want            error
		message         string
	}{
		{"may not list", breach, "GET", issuesPattern, fault{Status: 403}, forge.ErrPermission, mayNot},
		{"may not edit", breach, "PATCH", issuePattern, fault{Status: 403}, forge.ErrPermission, mayNot},
		{"may not close", clean, "PATCH", issuePattern, fault{Status: 403}, forge.ErrPermission, mayNot},
		{"down", clean, "PATCH", issuePattern, fault{Status: 502}, forge.ErrUnavailable, "(502)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			gh.Open(ours(0, forge.Issue{RunID: 10, Title: "breached", Body: "old"}))
			gh.Fail(tt.method, tt.pattern, tt.fault)

			posted, err := client(t, gh).Issue(t.Context(), tt.run)

			wantKind(t, err, tt.want, "issue in acme/shop: ", tt.message)
			if posted != (forge.Posted{}) {
				t.Errorf("posted %+v, want nothing", posted)
			}
		})
	}
}

func TestIssueThatCannotBeOpenedIsReported(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fault fakegithub.Fault
		want  error
	}{
		"issues are disabled": {fakegithub.Fault{Status: 410, Message: "Issues are disabled for this repo"}, forge.ErrRefused},
		"may not":             {fakegithub.Fault{Status: 403}, forge.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			gh.Fail(http.MethodPost, "/repos/*/*/issues", tt.fault)

			_, err := client(t, gh).Issue(t.Context(), forge.Issue{Breached: true, Title: "breached", Body: "text"})

			wantKind(t, err, tt.want, "issue in acme/shop: ")
		})
	}
}

func TestTitleAndTextBeyondTheLimitAreTooLong(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]forge.Issue{
		"title": {Breached: true, Title: strings.Repeat("x", 257), Body: "text"},
		"text":  {Breached: true, Title: "breached", Body: strings.Repeat("x", 65_536)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client(t, fakegithub.New(t, fakegithub.Options{})).Issue(t.Context(), is)
			wantKind(t, err, forge.ErrTooLong, "maximum is ")
		})
	}
}

// The issue is closed already, so the next run will not add the comment.
func TestCloseWithoutItsCommentIsReported(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Open(ours(0, forge.Issue{RunID: 10, Title: "breached", Body: "old"}))
	gh.Lock(issueNumber)

	posted, err := client(t, gh).Issue(t.Context(), forge.Issue{RunID: 11, Body: "clean"})

	if !errors.Is(err, forge.ErrLocked) {
		t.Errorf("got %v, want %v", err, forge.ErrLocked)
	}
	if want := postedAs("https://github.com/acme/shop/issues/8", forge.Closed); posted != want {
		t.Errorf("posted %+v, want %+v", posted, want)
	}
}
