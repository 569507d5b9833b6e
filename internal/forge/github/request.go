package github

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/go-github/v60/github"
)

// patience is how long one call may take, waits for GitHub's rate limits included.
const patience = time.Minute

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
		err = fmt.Errorf("%s: %w; set %q in the job's permissions; see docs/permissions.md", about, err, needs)
	case err != nil:
		err = fmt.Errorf("%s: %w", about, err)
	}
	return result, err
}

// ask waits where a rate limit is reached and then asks again, also for a create:
// a request that was refused so was not carried out. It does not begin a wait
// that the context's deadline would end.
//
// Not by the round-tripper github.com/gofri/go-github-ratelimit: v2.0.2 does not
// ask again after the primary limit, and over HTTP/2 it asks again without the body.
func (c *Client) ask(ctx context.Context, request func() error) error {
	for {
		err := failure(request())
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

// read asks up to three times where GitHub, or the way to it, is down for a
// moment. Only what changes nothing may be asked so.
func (c *Client) read(ctx context.Context, request func() error) error {
	pause := c.pause
	for attempt := 1; ; attempt++ {
		err := c.ask(ctx, request)
		if attempt == 3 || !errors.Is(err, ErrUnavailable) || !sleep(ctx, pause) {
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

// pages returns what a list has on all its pages.
func pages[T any](
	ctx context.Context, c *Client, list func(github.ListOptions) ([]T, *github.Response, error),
) ([]T, error) {
	var all []T
	for page := 1; page != 0; {
		var (
			part []T
			resp *github.Response
		)
		err := c.read(ctx, func() (err error) {
			part, resp, err = list(github.ListOptions{Page: page, PerPage: 100})
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, part...)
		page = resp.NextPage
	}
	return all, nil
}
