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
	// patience limits one call, including waits for GitHub's rate limits.
	patience = time.Minute
	// attempt limits one request that can be repeated.
	attempt = 15 * time.Second
	// mostPages is the length from which a list counts as endless: 10,000 entries.
	mostPages = 100
)

// A permission is an entry of a job's permissions, as in its workflow.
type permission string

const (
	pullRequestsWrite permission = "pull-requests: write"
	issuesWrite       permission = "issues: write"
	checksWrite       permission = "checks: write"
)

// within limits the time of a call. It adds to the error what the call was about and, if
// the token may not do it, the permission that is missing.
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

// once sends a request that must not be carried out twice, a create. It repeats the
// request only if a rate limit refused it, because then it was not carried out, and only
// if the wait ends before the context's deadline.
//
// The round-tripper github.com/gofri/go-github-ratelimit is not used: v2.0.2 does not
// retry after the primary limit, and over HTTP/2 it retries without the body.
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

// repeatedly sends a request up to three times if GitHub or the network fails for a
// moment or does not answer. The request must be idempotent.
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

// sleep returns false if the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// listed and response are short names: the page of a list to request, and the answer.
type (
	listed   = github.ListOptions
	response = github.Response
)

// pages returns the entries of all pages of a list.
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
