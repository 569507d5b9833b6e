// Package gitlab writes texts to GitLab and updates them: one note per key on a merge
// request, discussions on its files, and one issue per key. It does not interpret the
// texts, and leaves the event and the job's log to the packages ci and ci/gitlab.
package gitlab

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Config contains GitLab's addresses and the credentials.
type Config struct {
	HTTP      *http.Client // only its transport and timeout are used; nil: the default client's
	APIURL    string       // CI_API_V4_URL, with the instance's relative root if it has one
	ServerURL string       // CI_SERVER_URL, for links
	Token     string       // sent only to the host of the API
	Project   int64        // into which the merge request is to be merged
	Path      string       // the project's, "group/project"
}

// Client sends requests about one project. It is safe for concurrent use.
type Client struct {
	api     *gitlab.Client
	send    forge.Sender
	project int64
	path    string
	page    string // the project's page

	mu     sync.Mutex
	author string // the token's owner, "" until it was asked for
}

// name is what messages call this forge.
const name = "GitLab"

// TokenAdvice says which token is needed.
const TokenAdvice = "set GITLAB_TOKEN, as a masked variable, to a project access token with the scope api " +
	"and the role Reporter or higher; see " + docs.GitLab

// New returns a client. It sends no request.
func New(cfg Config) (*Client, error) {
	base, err := url.Parse(cfg.APIURL)
	if err != nil || base.Scheme != "https" && base.Scheme != "http" || base.Host == "" {
		return nil, fmt.Errorf("CI_API_V4_URL: not a URL; set one such as https://gitlab.com/api/v4; see %s", docs.GitLab)
	}
	api, err := gitlab.NewAuthSourceClient(gitlab.Unauthenticated{},
		gitlab.WithHTTPClient(forge.WithToken(cfg.HTTP, cfg.Token, base.Host)),
		gitlab.WithBaseURL(base.String()),
		gitlab.WithURLWarningLogger(slog.New(slog.DiscardHandler)),
		gitlab.WithUserAgent("dbt-tally"),
		gitlab.WithCustomLimiter(unlimited{}),
		gitlab.WithoutRetries(), // forge.Sender repeats what may be repeated
	)
	if err != nil {
		return nil, err
	}
	return &Client{
		api: api, project: cfg.Project, path: cfg.Path, page: cfg.ServerURL + "/" + cfg.Path,
		send: forge.Sender{Forge: name, Pause: 500 * time.Millisecond, Failure: failure},
	}, nil
}

// unlimited replaces a limiter that would delay requests without a word.
type unlimited struct{}

func (unlimited) Wait(ctx context.Context) error { return ctx.Err() }

// viewer returns the user name of the token's owner. Only the author of a note may edit
// it, and without the name a run would write a second note.
func (c *Client) viewer(ctx context.Context) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.author != "" {
		return c.author, nil
	}
	var user *gitlab.User
	err := c.send.Repeatedly(ctx, func(ctx context.Context) (err error) {
		user, _, err = c.api.Users.CurrentUser(gitlab.WithContext(ctx))
		return err
	})
	if err == nil && (user == nil || user.Username == "") {
		err = &forge.Error{Forge: name, Kind: forge.ErrRefused, Status: http.StatusOK, Detail: "the token has no user"}
	}
	if err != nil {
		return "", err
	}
	c.author = user.Username
	return c.author, nil
}

// within sends the requests of one call, for the token's owner.
func within[T any](
	ctx context.Context, c *Client, about string, call func(ctx context.Context, author string) (T, error),
) (T, error) {
	return forge.Within(ctx, about, TokenAdvice, func(ctx context.Context) (result T, err error) {
		author, err := c.viewer(ctx)
		if err != nil {
			return result, err
		}
		return call(ctx, author)
	})
}

// pages returns the entries of all pages of a list, without empty ones.
func pages[T any](
	ctx context.Context, c *Client,
	list func(page gitlab.ListOptions, option gitlab.RequestOptionFunc) ([]*T, *gitlab.Response, error),
) ([]*T, error) {
	return forge.Pages(ctx, c.send, func(ctx context.Context, page int) ([]*T, int, error) {
		options := gitlab.ListOptions{Page: int64(page), PerPage: forge.PageSize}
		part, answer, err := list(options, gitlab.WithContext(ctx))
		if err != nil {
			return nil, 0, err
		}
		return there(part), int(answer.NextPage), nil
	})
}

// there returns the entries that are not null, as in the answer of a broken proxy.
func there[T any](entries []*T) []*T {
	return slices.DeleteFunc(entries, func(entry *T) bool { return entry == nil })
}

// mergeRequest is what messages call a merge request.
func (c *Client) mergeRequest(iid int) string { return fmt.Sprintf("%s!%d", c.path, iid) }

var command = regexp.MustCompile(`(?m)^/`)

// quiet keeps GitLab from obeying a line of the text: a quick action such as /merge
// begins a line. A space in front of it is not shown.
// https://docs.gitlab.com/user/project/quick_actions/
func quiet(text string) string {
	return command.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), " /")
}
