// Package github writes to GitHub and keeps up to date: one comment per key on a pull
// request, review comments on its files, one check run per key on a commit, and one issue
// per key. It does not know what the texts mean, and leaves the event and the runner's
// own surfaces (summary, annotations, outputs) to the packages ci and ci/github.
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

// Config contains GitHub's addresses and the credentials.
type Config struct {
	HTTP       *http.Client // only its transport and timeout are used; nil: the default client's
	APIURL     string       // GITHUB_API_URL; "": github.com's
	GraphQLURL string       // GITHUB_GRAPHQL_URL; "": derived from APIURL
	Token      string       // sent only to the hosts of these URLs
	Repository string       // "owner/name"
}

// Client sends requests about one repository. It is safe for concurrent use.
type Client struct {
	viewerOnce  viewerOnce
	api         *github.Client
	graphql     string
	owner, repo string
	pause       time.Duration // before a failed read is retried; doubled each time
}

var repository = regexp.MustCompile(`^([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)$`)

// New returns a client. It sends no request.
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
	// WithEnterpriseURLs would add api/v3 to the runner's URL, which is already complete.
	api.BaseURL = base.JoinPath("/")
	return &Client{
		api: api, graphql: graphql.String(), owner: name[1], repo: name[2],
		pause: 500 * time.Millisecond,
	}, nil
}

// parseURL keeps the value out of its error, because a URL may contain a password.
func parseURL(name, value string) (*url.URL, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("%s: not a URL; set one such as https://api.github.com; see %s",
			name, docs.Permissions)
	}
	return u, nil
}

// bearer adds the token to requests, except to another host after a redirect: a proxy
// with a login page must not receive it.
type bearer struct {
	next  http.RoundTripper
	token string
	hosts [2]string
}

// mostBytes is larger than GitHub's longest page: 100 comments of 65,536 characters.
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
