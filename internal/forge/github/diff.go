package github

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
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
// repository, with both names of a renamed one. The error is an *Error or the
// context's.
func (c *Client) ChangedFiles(ctx context.Context, pullRequest int) ([]string, error) {
	about := fmt.Sprintf("read the changed files of %s/%s#%d", c.owner, c.repo, pullRequest)
	files, err := within(ctx, about, pullRequestsWrite, func(ctx context.Context) (map[string]*github.CommitFile, error) {
		return reviewComments{c, pullRequest, ""}.diff(ctx)
	})
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

var hunk = regexp.MustCompile(`^@@ -(\d+)(?:,\d+)? \+(\d+)`)

// firstChange returns the first line that a file's hunks add, on the right side, or else
// the first line that they remove, on the left side. It returns 0 if there is no hunk:
// the file was only renamed, is binary, or its diff is too large for GitHub.
func firstChange(patch string) (line int, side string) {
	before, after, removed := 0, 0, 0
	for text := range strings.Lines(patch) {
		switch text[0] {
		case '@':
			if start := hunk.FindStringSubmatch(text); start != nil {
				before, _ = strconv.Atoi(start[1])
				after, _ = strconv.Atoi(start[2])
			}
		case '+':
			return after, "RIGHT"
		case '-':
			if removed == 0 {
				removed = before
			}
			before++
		case '\\': // "No newline at end of file" belongs to the line before
		default:
			before++
			after++
		}
	}
	return removed, "LEFT"
}
