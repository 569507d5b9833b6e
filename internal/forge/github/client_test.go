package github

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		cfg  Config
		want string
	}{
		{"no repository", Config{}, `repository "": expected owner/name, as in GITHUB_REPOSITORY; see https://`},
		{"path in the repository", Config{Repository: "a/../b"}, `repository "a/../b": expected owner/name`},
		{"no URL", Config{Repository: "a/b", APIURL: "ghes.example"}, "GITHUB_API_URL: not a URL; set "},
		{"broken URL", Config{Repository: "a/b", APIURL: "https://user:hunter2@ghes:x"}, "GITHUB_API_URL: not a URL; set "},
		{"no GraphQL URL", Config{Repository: "a/b", GraphQLURL: "ftp://ghes"}, "GITHUB_GRAPHQL_URL: not a URL; set "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(tt.cfg)
			if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestGraphQLIsFoundBesideTheAPI(t *testing.T) {
	t.Parallel()
	for api, want := range map[string]string{
		"":                           "https://api.github.com/graphql",
		"https://api.acme.ghe.com":   "https://api.acme.ghe.com/graphql",
		"https://ghes/api/v3":        "https://ghes/api/graphql",
		"https://ghes/github/api/v3": "https://ghes/github/api/graphql",
	} {
		c, err := New(Config{APIURL: api, Repository: "a/b"})
		if err != nil {
			t.Fatal(err)
		}
		if c.graphql != want {
			t.Errorf("API %q: GraphQL at %q, want %q", api, c.graphql, want)
		}
	}
}

func TestRedirectToAnotherHostDoesNotGetTheToken(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 10)
	login := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("Authorization")
	}))
	t.Cleanup(login.Close)
	proxy := httptest.NewServer(http.RedirectHandler(login.URL, http.StatusTemporaryRedirect))
	t.Cleanup(proxy.Close)

	_, _ = clientFor(t, proxy.URL, "secret", nil).Comment(t.Context(), forge.Comment{PullRequest: 1, Body: "text"})

	if len(seen) == 0 {
		t.Fatal("no request was redirected")
	}
	for range len(seen) {
		if got := <-seen; got != "" {
			t.Errorf("the other host received %q", got)
		}
	}
}
