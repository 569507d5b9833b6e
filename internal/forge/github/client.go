// Package github writes to GitHub: one comment a key on a pull request, review
// comments at its files, one check run a key on a commit, or one issue a key, kept
// up to date. It knows nothing of what they say, and leaves the event and the
// surfaces of the runner to package runner.
package github

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Config says where GitHub is and who is asking.
type Config struct {
	HTTP       *http.Client // its transport and timeout are used; nil: the default client's
	APIURL     string       // GITHUB_API_URL; "": github.com's
	GraphQLURL string       // GITHUB_GRAPHQL_URL; "": beside APIURL
	Token      string       // sent to the hosts of these URLs only
	Repository string       // "owner/name"
}

// Client asks GitHub for one repository. It may be used by several goroutines.
type Client struct {
	viewerOnce  viewerOnce
	api         *github.Client
	graphql     string
	owner, repo string
	pause       time.Duration // before a failed read is tried again; doubled each time
}

var repository = regexp.MustCompile(`^([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)$`)

// New makes a client. It asks GitHub nothing yet.
func New(cfg Config) (*Client, error) {
	name := repository.FindStringSubmatch(cfg.Repository)
	if name == nil {
		return nil, fmt.Errorf("repository %q: expected owner/name, as in GITHUB_REPOSITORY; see %s",
			cfg.Repository, docs.Permissions)
	}
	base, err := parseURL("GITHUB_API_URL", cmp.Or(cfg.APIURL, "https://api.github.com"))
	if err != nil {
		return nil, err
	}
	beside := strings.TrimSuffix(strings.TrimSuffix(base.String(), "/"), "/v3") + "/graphql"
	graphql, err := parseURL("GITHUB_GRAPHQL_URL", cmp.Or(cfg.GraphQLURL, beside))
	if err != nil {
		return nil, err
	}

	hc := *cmp.Or(cfg.HTTP, http.DefaultClient)
	hc.Transport = &bearer{
		next:  cmp.Or(hc.Transport, http.DefaultTransport),
		token: cfg.Token,
		hosts: [2]string{base.Host, graphql.Host},
	}
	api := github.NewClient(&hc)
	api.UserAgent = "dbt-tally"
	// Not WithEnterpriseURLs: it adds api/v3 to what the runner already says in full.
	api.BaseURL = base.JoinPath("/")
	return &Client{
		api: api, graphql: graphql.String(), owner: name[1], repo: name[2],
		pause: 500 * time.Millisecond,
	}, nil
}

// parseURL keeps the value out of its error: a URL may hold a password.
func parseURL(name, value string) (*url.URL, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("%s: not a URL; set one such as https://api.github.com; see %s",
			name, docs.Permissions)
	}
	return u, nil
}

// bearer adds the token to requests, unless a redirect led them to another host:
// a proxy that asks for a login must not be told.
type bearer struct {
	next  http.RoundTripper
	token string
	hosts [2]string
}

// mostBytes is more than GitHub's longest page: 100 comments of 65,536 characters.
const mostBytes = 64 << 20

func (b *bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host == b.hosts[0] || r.URL.Host == b.hosts[1] {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = http.MaxBytesReader(nil, answer.Body, mostBytes)
	}
	return answer, err
}
