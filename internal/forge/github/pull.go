package github

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Head is where a pull request comes from.
type Head struct {
	Repository  string // "owner/name": this one, or a fork of it
	Branch, SHA string
}

// OpenPullRequest returns the number of the open pull request that comes from this
// branch and ends in this commit, the oldest of several. ok is false where there is
// none, also where the branch has moved on: then the push that moved it has a run
// of its own.
//
// The error is an *Error or the context's.
func (c *Client) OpenPullRequest(ctx context.Context, head Head) (number int, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	owner, _, _ := strings.Cut(head.Repository, "/")
	all, err := pages(ctx, c, func(o github.ListOptions) ([]*github.PullRequest, *github.Response, error) {
		return c.api.PullRequests.List(ctx, c.owner, c.repo, &github.PullRequestListOptions{
			State: "open", Head: owner + ":" + head.Branch, Sort: "created", Direction: "asc", ListOptions: o,
		})
	})
	if err != nil {
		return 0, false, fmt.Errorf("find the pull request of branch %q of %s in %s/%s: %w", head.Branch, head.Repository, c.owner, c.repo, err)
	}
	for _, pull := range all {
		from := pull.GetHead()
		// The filter tells neither an owner's forks apart nor, when it is not
		// understood, anything at all.
		if from.GetRef() == head.Branch && from.GetSHA() == head.SHA && strings.EqualFold(from.GetRepo().GetFullName(), head.Repository) {
			return pull.GetNumber(), true, nil
		}
	}
	return 0, false, nil
}
