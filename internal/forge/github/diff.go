package github

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// diff returns the files that the pull request changes, by path.
func (c reviewComments) diff(ctx context.Context) (map[string]*github.CommitFile, error) {
	all, err := pages(ctx, c.Client, func(ctx context.Context, o listed) ([]*github.CommitFile, *response, error) {
		return c.api.PullRequests.ListFiles(ctx, c.owner, c.repo, c.pullRequest, &o)
	})
	files := make(map[string]*github.CommitFile, len(all))
	for _, file := range all {
		files[file.GetFilename()] = file
	}
	return files, err
}

// ChangedFiles returns the files that a pull request changes, relative to the
// repository, with both names of a renamed one. The error is a *forge.Error or the
// context's.
func (c *Client) ChangedFiles(ctx context.Context, pullRequest int) ([]string, error) {
	about := fmt.Sprintf("read the changed files of %s/%s#%d", c.owner, c.repo, pullRequest)
	advice := pullRequestsWrite.advice()
	files, err := forge.Within(ctx, about, advice, reviewComments{c, pullRequest, ""}.diff)
	var names []string
	for name, file := range files {
		names = append(names, name)
		if previous := file.GetPreviousFilename(); previous != "" {
			names = append(names, previous)
		}
	}
	slices.Sort(names)
	return names, err
}
