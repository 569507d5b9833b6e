package github

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

const (
	commentsPattern = "/repos/*/*/issues/*/comments"
	commentPattern  = "/repos/*/*/issues/comments/*"
)

func TestFailuresAreReported(t *testing.T) {
	t.Parallel()
	type fault = fakegithub.Fault
	for _, tt := range []struct {
		name            string
		method, pattern string
		fault           fault
		want            error
		message         string
	}{
		{
			"may not list", "GET", commentsPattern,
			fault{Status: 404, Message: "Not Found"},
			forge.ErrPermission, "not found, or the token may not",
		},
		{
			"may not create", "POST", commentsPattern,
			fault{Status: 403, Message: "Resource not accessible by integration"},
			forge.ErrPermission, "(403: Resource not accessible by integration)",
		},
		{"may not edit", "PATCH", commentPattern, fault{Status: 403}, forge.ErrPermission, "(403)"},
		{
			"too many requests", "POST", commentsPattern,
			fault{Status: 429, RetryAfter: time.Minute},
			forge.ErrRateLimited, "for another 1m0s",
		},
		{
			"secondary limit", "GET", commentsPattern,
			fault{Status: 403, RetryAfter: time.Minute},
			forge.ErrRateLimited, "for another 1m0s",
		},
		{"down", "GET", commentsPattern, fault{Status: 502}, forge.ErrUnavailable, "(502)"},
		{"create fails", "POST", commentsPattern, fault{Status: 500}, forge.ErrUnavailable, "(500)"},
		{
			"disabled", "POST", commentsPattern,
			fault{Status: 410, Message: "Issues has been disabled"},
			forge.ErrRefused, "(410: Issues has been disabled)",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			if tt.method == http.MethodPatch {
				gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{}.String()+"\nold")
			}
			gh.Fail(tt.method, tt.pattern, tt.fault)

			err := postFails(t, client(t, gh))

			wantKind(t, err, tt.want, "comment on acme/shop#7: ", tt.message)
		})
	}
}

func TestLockedConversationIsReported(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Lock(fakegithub.PullRequest)

	err := postFails(t, client(t, gh))

	wantKind(t, err, forge.ErrLocked, "comment on acme/shop#7: the conversation is locked (403: Unable to create comment")
	if strings.Contains(err.Error(), "permissions") {
		t.Errorf("%q asks for a permission, which would not help", err)
	}
}

func TestReadOnlyTokenNamesThePermission(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{Tokens: map[string]fakegithub.Token{
		"of-a-fork": {Login: fakegithub.ActionsBot, ReadOnly: true},
	}})
	err := postFails(t, clientFor(t, gh.URL(), "of-a-fork", nil))
	wantKind(t, err, forge.ErrPermission, `"pull-requests: write"`, "docs/permissions.md")
}

func TestWrongTokenIsNotRepeated(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	err := postFails(t, clientFor(t, gh.URL(), "expired-secret", nil))
	wantKind(t, err, forge.ErrPermission, "(401: Bad credentials)")
	if strings.Contains(err.Error(), "expired-secret") {
		t.Errorf("the token is in the error: %v", err)
	}
}

func TestUnknownPullRequestIsNotFound(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{PullRequests: []int{8}})
	wantKind(t, postFails(t, client(t, gh)), forge.ErrPermission, "(404: Not Found)")
}

func TestTextBeyondTheLimitIsTooLong(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	_, err := client(t, gh).Comment(t.Context(), forge.Comment{
		PullRequest: fakegithub.PullRequest, Body: strings.Repeat("x", 65_536),
	})
	wantKind(t, err, forge.ErrTooLong, "maximum is 65536 characters")
}

func TestCreateIsNeverRepeated(t *testing.T) {
	t.Parallel()
	for message, fault := range map[string]fakegithub.Fault{
		"(503)":             {Status: http.StatusServiceUnavailable, Times: 1},
		"no answer in time": {Hang: true, Times: 1},
	} {
		t.Run(message, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			gh.Fail(http.MethodPost, commentsPattern, fault)
			c := client(t, gh)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()

			_, err := c.Comment(ctx, forge.Comment{PullRequest: fakegithub.PullRequest, Body: "text"})

			wantKind(t, err, forge.ErrUnavailable, message)
			if n := requests(gh, "POST /repos/acme/shop/issues/7/comments"); n != 1 {
				t.Errorf("%d creates, want 1", n)
			}
		})
	}
}

func TestReadsAreRepeated(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{Tokens: map[string]fakegithub.Token{"pat": {Login: "alice"}}})
	gh.AddComment(fakegithub.PullRequest, "alice", forge.Marker{}.String()+"\nold")
	gh.Fail(http.MethodPost, "/graphql", fakegithub.Fault{Status: http.StatusBadGateway, Times: 2})
	gh.Fail(http.MethodGet, commentsPattern, fakegithub.Fault{Status: http.StatusBadGateway, Times: 2})

	if got := post(t, clientFor(t, gh.URL(), "pat", nil), forge.Comment{Body: "new"}).Outcome; got != forge.Updated {
		t.Errorf("outcome %q, want %q", got, forge.Updated)
	}
}

func TestTheEndOfTheContextEndsEverything(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Fail(http.MethodGet, commentsPattern, fakegithub.Fault{Status: http.StatusBadGateway})
	ctx, cancel := context.WithCancel(t.Context())
	c := clientFor(t, gh.URL(), fakegithub.JobToken, before("GET /repos/acme/shop/issues/7/comments", cancel))
	c.send.Pause = time.Hour

	_, err := c.Comment(ctx, forge.Comment{PullRequest: fakegithub.PullRequest, Body: "text"})

	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
}

func TestDeadlineEndsTheWaitForTheNextAttempt(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Fail(http.MethodGet, commentsPattern, fakegithub.Fault{Status: http.StatusBadGateway})
	c := client(t, gh)
	c.send.Pause = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()

	_, err := c.Comment(ctx, forge.Comment{PullRequest: fakegithub.PullRequest, Body: "text"})

	wantKind(t, err, forge.ErrUnavailable, "(502)")
}

// The comment exists; only the removal of duplicates failed.
func TestDuplicateThatCannotBeRemovedIsReported(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	for range 2 {
		gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{}.String()+"\nold")
	}
	gh.Fail(http.MethodDelete, commentPattern, fakegithub.Fault{Status: http.StatusBadGateway})

	posted, err := client(t, gh).Comment(t.Context(), forge.Comment{PullRequest: fakegithub.PullRequest, Body: "new"})

	wantKind(t, err, forge.ErrUnavailable, "remove the duplicate https://github.com/acme/shop/pull/7#issuecomment-1002")
	if want := postedAs("https://github.com/acme/shop/pull/7#issuecomment-1001", forge.Updated); posted != want {
		t.Errorf("posted %+v, want %+v", posted, want)
	}
}

func TestUnreachableHostKeepsPasswordsOutOfTheError(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}

	err = postFails(t, clientFor(t, "http://user:hunter2@"+addr, "secret-token", nil))

	wantKind(t, err, forge.ErrUnavailable, "connection refused")
	for _, secret := range []string{"user:", "hunter2", "secret-token"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in the error: %v", secret, err)
		}
	}
}

func postFails(t *testing.T, c *Client) error {
	t.Helper()
	posted, err := c.Comment(t.Context(), forge.Comment{PullRequest: fakegithub.PullRequest, Body: "text"})
	if err == nil {
		t.Fatalf("posted %+v, want an error", posted)
	}
	return err
}

func wantKind(t *testing.T, err, kind error, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not contain %q", err, part)
		}
	}
}
