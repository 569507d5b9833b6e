package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// OpenPullRequest returns the number of the open pull request from this branch whose head
// is this commit, or the oldest one if there are several. ok is false if there is none, or if
// the branch has been pushed to since: then the newer push has its own run.
//
// The error is a *forge.Error or the context's.
func (c *Client) OpenPullRequest(ctx context.Context, head forge.Head) (number int, ok bool, err error) {
	about := fmt.Sprintf("find the pull request of branch %q of %s in %s/%s",
		head.Branch, head.Repository, c.owner, c.repo)
	type found = []*github.PullRequest
	all, err := forge.Within(ctx, about, pullRequestsWrite.advice(), func(ctx context.Context) (found, error) {
		return c.openPullRequests(ctx, head)
	})
	for _, pull := range all {
		// The API's filter does not distinguish forks of the same owner, and GitHub
		// ignores a filter that it does not understand.
		if is(head, pull.GetHead()) {
			return pull.GetNumber(), true, err
		}
	}
	return 0, false, err
}

func is(head forge.Head, from *github.PullRequestBranch) bool {
	return from.GetRef() == head.Branch && from.GetSHA() == head.SHA &&
		strings.EqualFold(from.GetRepo().GetFullName(), head.Repository)
}

func (c *Client) openPullRequests(ctx context.Context, head forge.Head) ([]*github.PullRequest, error) {
	owner, _, _ := strings.Cut(head.Repository, "/")
	return pages(ctx, c, func(ctx context.Context, o listed) ([]*github.PullRequest, *response, error) {
		return c.api.PullRequests.List(ctx, c.owner, c.repo, &github.PullRequestListOptions{
			State: "open", Head: owner + ":" + head.Branch, Sort: "created", Direction: "asc", ListOptions: o,
		})
	})
}
