package github

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fault"
)

// client returns a client with the job's own token.
func client(t *testing.T, gh *fakegithub.Server) *Client {
	t.Helper()
	return clientFor(t, gh.URL(), fakegithub.JobToken, nil)
}

func clientFor(t *testing.T, url, token string, transport http.RoundTripper) *Client {
	t.Helper()
	c, err := New(Config{
		HTTP: &http.Client{Transport: transport}, APIURL: url, Token: token, Repository: fakegithub.Repository,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.send.Pause = time.Millisecond
	return c
}

func post(t *testing.T, c *Client, cm forge.Comment) forge.Posted {
	t.Helper()
	cm.PullRequest = fakegithub.PullRequest
	posted, err := c.Comment(t.Context(), cm)
	if err != nil {
		t.Error(err)
	}
	return posted
}

// wantOurs checks that exactly one comment has a marker, and checks its text.
func wantOurs(t *testing.T, gh *fakegithub.Server, want string) {
	t.Helper()
	var got []string
	for _, comment := range gh.Comments(fakegithub.PullRequest) {
		if _, text, ok := forge.Split(comment.Body); ok {
			got = append(got, text)
		}
	}
	if !slices.Equal(got, []string{want}) {
		t.Errorf("our comments are %q, want only %q", got, want)
	}
}

// requests counts the requests that begin with prefix.
func requests(gh *fakegithub.Server, prefix string) int {
	n := 0
	for _, r := range gh.Requests() {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

// before calls do before the first such request is sent.
func before(request string, do func()) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method+" "+r.URL.Path == request {
			do()
		}
		return http.DefaultTransport.RoundTrip(r)
	})
}

// together makes jobs send such a request at once.
func together(jobs int, request string) http.RoundTripper {
	return fault.Together(jobs, func(r *http.Request) bool { return r.Method+" "+r.URL.Path == request })
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func remarkOn(path, text string) forge.Remark { return forge.Remark{Path: path, Text: text} }

func postedAs(url string, outcome forge.Outcome) forge.Posted {
	return forge.Posted{URL: url, Outcome: outcome}
}

func headOf(repository, branch, sha string) forge.Head {
	return forge.Head{Repository: repository, Branch: branch, SHA: sha}
}
