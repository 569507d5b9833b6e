package github

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// A permission is an entry of a job's permissions, as in its workflow.
type permission string

const (
	pullRequestsWrite permission = "pull-requests: write"
	issuesWrite       permission = "issues: write"
	checksWrite       permission = "checks: write"
)

// advice returns the fix for a missing permission.
func (p permission) advice() string {
	return fmt.Sprintf("set %q in the job's permissions; see %s", string(p), docs.Permissions)
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
	return forge.Pages(ctx, c.send, func(ctx context.Context, page int) ([]T, int, error) {
		part, answer, err := list(ctx, listed{Page: page, PerPage: forge.PageSize})
		if err != nil {
			return nil, 0, err
		}
		return part, answer.NextPage, nil
	})
}
