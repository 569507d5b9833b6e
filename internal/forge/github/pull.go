package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
)

// OpenPullRequest returns the number of the open pull request that comes from
// this branch of the repository itself and ends in this commit, the oldest of
// several. ok is false where there is none, also where the branch has moved on:
// then the push that moved it has a run of its own.
//
// The error is an *Error or the context's.
func (c *Client) OpenPullRequest(ctx context.Context, branch, sha string) (number int, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	all, err := pages(ctx, c, func(o github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		return c.api.PullRequests.List(ctx, c.owner, c.repo, &github.PullRequestListOptions{
			State: "open", Head: c.owner + ":" + branch, Sort: "created", Direction: "asc", ListOptions: o,
		})
	})
	if err != nil {
		return 0, false, fmt.Errorf("find the pull request of branch %q in %s/%s: %w", branch, c.owner, c.repo, err)
	}
	for _, pull := range all {
		head := pull.GetHead()
		// The filter tells neither an owner's forks apart nor, when it is not
		// understood, anything at all.
		if head.GetRef() == branch && head.GetSHA() == sha && strings.EqualFold(head.GetRepo().GetFullName(), c.owner+"/"+c.repo) {
			return pull.GetNumber(), true, nil
		}
	}
	return 0, false, nil
}
