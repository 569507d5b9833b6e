package github

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Comment ensures that the pull request has one comment of this key, with this text or
// with that of a newer run.
//
// It finds and keeps the comment as forge.Keeper does.
//
// A create is never retried: if its answer was lost, the comment may exist. Comment waits
// for a rate limit if that takes less than a minute.
//
// The error is a *forge.Error or the context's. If the comment exists and only the removal
// of duplicates failed, Posted is set as well.
func (c *Client) Comment(ctx context.Context, cm forge.Comment) (forge.Posted, error) {
	k := forge.KeeperOf(cm, comments{c, cm.PullRequest})
	about := fmt.Sprintf("comment on %s/%s#%d", c.owner, c.repo, cm.PullRequest)
	return forge.Within(ctx, about, pullRequestsWrite.advice(), func(ctx context.Context) (forge.Posted, error) {
		return k.Keep(ctx, c.viewer(ctx))
	})
}

// comments are the comments of a pull request.
type comments struct {
	*Client
	pullRequest int
}

func (c comments) List(ctx context.Context, _ string) ([]forge.Sticky, error) {
	all, err := pages(ctx, c.Client, func(ctx context.Context, o listed) ([]*github.IssueComment, *response, error) {
		options := &github.IssueListCommentsOptions{ListOptions: o}
		return c.api.Issues.ListComments(ctx, c.owner, c.repo, c.pullRequest, options)
	})
	var found []forge.Sticky
	for _, comment := range all {
		if s, ok := fromComment(comment); ok {
			found = append(found, s)
		}
	}
	return found, err
}

func (c comments) Create(ctx context.Context, text forge.Sticky) (forge.Sticky, error) {
	var created *github.IssueComment
	err := c.send.Once(ctx, func(ctx context.Context) (err error) {
		comment := &github.IssueComment{Body: body(text)}
		created, _, err = c.api.Issues.CreateComment(ctx, c.owner, c.repo, c.pullRequest, comment)
		return err
	})
	return text.Posted(created.GetID(), created.GetHTMLURL(), created.GetUser().GetLogin()), err
}

func (c comments) Edit(ctx context.Context, old, text forge.Sticky) error {
	return c.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := c.api.Issues.EditComment(ctx, c.owner, c.repo, old.ID, &github.IssueComment{Body: body(text)})
		return err
	})
}

func (c comments) Remove(ctx context.Context, old forge.Sticky) error {
	return c.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, err := c.api.Issues.DeleteComment(ctx, c.owner, c.repo, old.ID)
		return err
	})
}

// fromComment returns false for a comment that does not begin with our marker.
func fromComment(comment *github.IssueComment) (forge.Sticky, bool) {
	m, text, ok := forge.Split(comment.GetBody())
	return forge.Sticky{
		ID: comment.GetID(), URL: comment.GetHTMLURL(), Author: comment.GetUser().GetLogin(),
		Marker: m, Text: text,
	}, ok
}

// body returns the text with its marker, in the form that go-github expects.
func body(s forge.Sticky) *string { return github.String(s.Body()) }
