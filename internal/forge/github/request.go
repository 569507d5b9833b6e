package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

const (
	// patience is how long one call may take, waits for GitHub's rate limits included.
	patience = time.Minute
	// attempt is how long one request may take that can be repeated.
	attempt = 15 * time.Second
	// mostPages is where a list is taken for one without an end: at 10,000 entries.
	mostPages = 100
)

// A permission is what a job grants its token, as its workflow writes it.
type permission string

const (
	pullRequestsWrite permission = "pull-requests: write"
	issuesWrite       permission = "issues: write"
	checksWrite       permission = "checks: write"
)

// within gives a call its time. Its error says what the call was about and, if the
// token may not do it, the permission that it takes.
func within[T any](
	ctx context.Context, about string, needs permission, call func(context.Context) (T, error),
) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	result, err := call(ctx)
	switch {
	case errors.Is(err, ErrPermission):
		err = fmt.Errorf("%s: %w; set %q in the job's permissions; see %s",
			about, err, needs, docs.Permissions)
	case errors.Is(err, ErrProxy):
		err = fmt.Errorf("%s: %w; set HTTPS_PROXY with its user and password, or NO_PROXY; see %s",
			about, err, docs.Troubleshooting)
	case err != nil:
		err = fmt.Errorf("%s: %w", about, err)
	}
	return result, err
}

// once sends a request that must not be carried out twice, a create. Only if a rate
// limit refused it, and it was not carried out, it is sent again after a wait, unless
// the context's deadline would end the wait.
//
// Not by the round-tripper github.com/gofri/go-github-ratelimit: v2.0.2 does not
// ask again after the primary limit, and over HTTP/2 it asks again without the body.
func once(ctx context.Context, request func(context.Context) error) error {
	for {
		err := failure(request(ctx))
		var e *Error
		if !errors.As(err, &e) || e.RetryAfter == 0 {
			return err
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < e.RetryAfter {
			return err
		}
		if !sleep(ctx, e.RetryAfter) {
			return err
		}
	}
}

// repeatedly sends a request up to three times if GitHub, or the way to it, is down
// for a moment or does not answer. Twice carried out it has to do the same as once.
func (c *Client) repeatedly(ctx context.Context, request func(context.Context) error) error {
	pause := c.pause
	for try := 1; ; try++ {
		err := once(ctx, func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, attempt)
			defer cancel()
			return request(ctx)
		})
		if try == 3 || !errors.Is(err, ErrUnavailable) || !sleep(ctx, pause) {
			return err
		}
		pause *= 2
	}
}

// sleep returns false where the context ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// listed is the page of a list that is asked for, and response is about what came.
type (
	listed   = github.ListOptions
	response = github.Response
)

// pages returns what a list has on all its pages.
func pages[T any](
	ctx context.Context, c *Client, list func(context.Context, listed) ([]T, *response, error),
) ([]T, error) {
	var all []T
	for page := 1; page != 0; {
		if page > mostPages {
			return nil, &Error{Kind: ErrEndless, Status: http.StatusOK, Detail: fmt.Sprintf("%d entries so far", len(all))}
		}
		var (
			part []T
			resp *response
		)
		err := c.repeatedly(ctx, func(ctx context.Context) (err error) {
			part, resp, err = list(ctx, listed{Page: page, PerPage: 100})
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		if resp.NextPage != 0 && resp.NextPage <= page {
			return nil, &Error{Kind: ErrEndless, Status: http.StatusOK, Detail: "its next page is an earlier one"}
		}
		page = resp.NextPage
	}
	return all, nil
}
