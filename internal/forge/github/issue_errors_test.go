package github

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

func TestFailuresOfIssuesAreReported(t *testing.T) {
	t.Parallel()
	const (
		issuesPattern = "/repos/*/*/issues"
		issuePattern  = "/repos/*/*/issues/*"
	)
	type fault = fakegithub.Fault
	breach, clean := Issue{RunID: 11, Breached: true, Title: "breached", Body: "new"}, Issue{RunID: 11, Body: "clean"}
	const mayNot = `set "issues: write" in the job's permissions`
	for _, tt := range []struct {
		name            string
		run             Issue
		method, pattern string
		fault           fault
		want            error
		message         string
	}{
		{"may not list", breach, "GET", issuesPattern, fault{Status: 403}, ErrPermission, mayNot},
		{"may not edit", breach, "PATCH", issuePattern, fault{Status: 403}, ErrPermission, mayNot},
		{"may not close", clean, "PATCH", issuePattern, fault{Status: 403}, ErrPermission, mayNot},
		{"out of order", clean, "PATCH", issuePattern, fault{Status: 502}, ErrUnavailable, "(502)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			gh.Open(ours(0, Issue{RunID: 10, Title: "breached", Body: "old"}))
			gh.Fail(tt.method, tt.pattern, tt.fault)

			posted, err := client(t, gh).Issue(t.Context(), tt.run)

			wantKind(t, err, tt.want, "issue in acme/shop: ", tt.message)
			if posted != (Posted{}) {
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
		"issues are disabled": {fakegithub.Fault{Status: 410, Message: "Issues are disabled for this repo"}, ErrRefused},
		"may not":             {fakegithub.Fault{Status: 403}, ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			gh.Fail(http.MethodPost, "/repos/*/*/issues", tt.fault)

			_, err := client(t, gh).Issue(t.Context(), Issue{Breached: true, Title: "breached", Body: "text"})

			wantKind(t, err, tt.want, "issue in acme/shop: ")
		})
	}
}

func TestTitleAndTextBeyondTheLimitAreTooLong(t *testing.T) {
	t.Parallel()
	for name, is := range map[string]Issue{
		"title": {Breached: true, Title: strings.Repeat("x", 257), Body: "text"},
		"text":  {Breached: true, Title: "breached", Body: strings.Repeat("x", 65_536)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := client(t, fakegithub.New(t, fakegithub.Options{})).Issue(t.Context(), is)
			wantKind(t, err, ErrTooLong, "maximum is ")
		})
	}
}

// The issue is closed already, so the next run will not add the comment.
func TestCloseWithoutItsCommentIsReported(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Open(ours(0, Issue{RunID: 10, Title: "breached", Body: "old"}))
	gh.Lock(issueNumber)

	posted, err := client(t, gh).Issue(t.Context(), Issue{RunID: 11, Body: "clean"})

	if !errors.Is(err, ErrLocked) {
		t.Errorf("got %v, want %v", err, ErrLocked)
	}
	if want := (Posted{"https://github.com/acme/shop/issues/8", Closed}); posted != want {
		t.Errorf("posted %+v, want %+v", posted, want)
	}
}
