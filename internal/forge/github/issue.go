package github

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Issue ensures that the repository has one open issue of this key while gates are
// breached, and none when they are clean.
//
// It works as forge.KeepIssue does; GitHub closes duplicates as not planned.
//
// The error is a *forge.Error or the context's. If the issue is up to date and only the
// comment or the closing of others failed, Posted is set as well.
func (c *Client) Issue(ctx context.Context, is forge.Issue) (forge.Posted, error) {
	about := fmt.Sprintf("issue in %s/%s", c.owner, c.repo)
	return forge.Within(ctx, about, issuesWrite.advice(), func(ctx context.Context) (forge.Posted, error) {
		return forge.KeepIssue(ctx, is, issues{c}, c.viewer(ctx))
	})
}

func (c *Client) close(ctx context.Context, number int64, reason string) error {
	return c.change(ctx, number, &github.IssueRequest{State: github.String("closed"), StateReason: &reason})
}

func (c *Client) change(ctx context.Context, number int64, to *github.IssueRequest) error {
	return c.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := c.api.Issues.Edit(ctx, c.owner, c.repo, int(number), to)
		return err
	})
}

// issues are the open issues of the repository.
type issues struct{ *Client }

// Close implements forge.IssueStore.
func (c issues) Close(ctx context.Context, issue forge.Sticky) error {
	return c.close(ctx, issue.ID, "completed")
}

// Say implements forge.IssueStore.
func (c issues) Say(ctx context.Context, issue forge.Sticky, text string) error {
	return c.send.Once(ctx, func(ctx context.Context) error {
		comment := &github.IssueComment{Body: &text}
		_, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.repo, int(issue.ID), comment)
		return err
	})
}

func (c issues) List(ctx context.Context, author string) ([]forge.Sticky, error) {
	all, err := pages(ctx, c.Client, func(ctx context.Context, o listed) ([]*github.Issue, *response, error) {
		return c.api.Issues.ListByRepo(ctx, c.owner, c.repo, &github.IssueListByRepoOptions{
			State: "open", Creator: author, ListOptions: o,
		})
	})
	var found []forge.Sticky
	for _, issue := range all {
		if s, ok := fromIssue(issue); ok {
			found = append(found, s)
		}
	}
	return found, err
}

func (c issues) Create(ctx context.Context, text forge.Sticky) (forge.Sticky, error) {
	var created *github.Issue
	err := c.send.Once(ctx, func(ctx context.Context) (err error) {
		issue := &github.IssueRequest{Title: &text.Title, Body: body(text)}
		created, _, err = c.api.Issues.Create(ctx, c.owner, c.repo, issue)
		return err
	})
	return text.Posted(int64(created.GetNumber()), created.GetHTMLURL(), created.GetUser().GetLogin()), err
}

func (c issues) Edit(ctx context.Context, old, text forge.Sticky) error {
	return c.change(ctx, old.ID, &github.IssueRequest{Title: &text.Title, Body: body(text)})
}

// Remove closes an issue, because only an administrator may delete one.
func (c issues) Remove(ctx context.Context, old forge.Sticky) error {
	return c.close(ctx, old.ID, "not_planned")
}

// fromIssue returns false for an issue that does not begin with our marker, and for a
// pull request, which GitHub lists as an issue.
func fromIssue(issue *github.Issue) (forge.Sticky, bool) {
	m, text, ok := forge.Split(issue.GetBody())
	return forge.Sticky{
		ID: int64(issue.GetNumber()), URL: issue.GetHTMLURL(), Author: issue.GetUser().GetLogin(),
		Marker: m, Title: issue.GetTitle(), Text: text,
	}, ok && !issue.IsPullRequest()
}
