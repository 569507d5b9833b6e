// Package github writes texts to GitHub and updates them: one comment per key on a pull
// request, review comments on its files, one check run per key on a commit, and one issue
// per key. It does not interpret the texts, and leaves the event and the runner's own
// surfaces (summary, annotations, outputs) to the packages ci and ci/github.
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
	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Config contains GitHub's addresses and the credentials.
type Config struct {
	HTTP       *http.Client // only its transport and timeout are used; nil: the default client's
	APIURL     string       // GITHUB_API_URL; "": github.com's
	GraphQLURL string       // GITHUB_GRAPHQL_URL; "": derived from APIURL
	Token      string       // sent only to the hosts of these URLs
	Repository string       // "owner/name"
}

// name is the name of this forge in messages.
const name = "GitHub"

// Client sends requests about one repository. It is safe for concurrent use.
type Client struct {
	viewerOnce  viewerOnce
	api         *github.Client
	graphql     string
	owner, repo string
	send        forge.Sender
}

var repository = regexp.MustCompile(`^([A-Za-z0-9_.-]+)/([A-Za-z0-9_.-]+)$`)

// New returns a client. It sends no request.
func New(cfg Config) (*Client, error) {
	repo := repository.FindStringSubmatch(cfg.Repository)
	if repo == nil {
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

	api := github.NewClient(forge.WithToken(cfg.HTTP, cfg.Token, base.Host, graphql.Host))
	api.UserAgent = "dbt-tally"
	// WithEnterpriseURLs would add api/v3 to the runner's URL, which is already complete.
	api.BaseURL = base.JoinPath("/")
	return &Client{
		api: api, graphql: graphql.String(), owner: repo[1], repo: repo[2],
		send: forge.Sender{Forge: name, Pause: 500 * time.Millisecond, Failure: failure},
	}, nil
}

// parseURL keeps the value out of its error, because a URL may contain a password.
func parseURL(variable, value string) (*url.URL, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("%s: not a URL; set one such as https://api.github.com; see %s",
			variable, docs.Permissions)
	}
	return u, nil
}
