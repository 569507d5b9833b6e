package github

import (
	"context"
	"regexp"
	"strconv"
	"strings"

	"github.com/google/go-github/v60/github"
)

// diff returns the files that the pull request changes, by their paths.
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

var hunk = regexp.MustCompile(`^@@ -(\d+)(?:,\d+)? \+(\d+)`)

// firstChange returns the first line that a file's hunks add, on the right side,
// else the first that they remove, on the left; 0 where there is no hunk: the file
// was only renamed, is binary, or GitHub takes the diff for too large to show.
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
		case '\\': // No newline at end of file: of the line before
		default:
			before++
			after++
		}
	}
	return removed, "LEFT"
}
