package gitlab

import (
	"context"

	gitlab "gitlab.com/gitlab-org/api/client-go/v2"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Issue ensures that the project has one open issue of this key while gates are breached,
// and none when they are clean. It works as forge.KeepIssue does.
//
// The error is a *forge.Error or the context's. If the issue is as it should be and only
// the note or the closing of others failed, Posted is set as well.
func (c *Client) Issue(ctx context.Context, is forge.Issue) (forge.Posted, error) {
	is.Body = quiet(is.Body)
	return within(ctx, c, "issue in "+c.path, func(ctx context.Context, author string) (forge.Posted, error) {
		return forge.KeepIssue(ctx, is, issues{c}, author)
	})
}

// issues are the open issues of the project.
type issues struct{ *Client }

func (i issues) List(ctx context.Context, author string) ([]forge.Sticky, error) {
	all, err := pages(ctx, i.Client, func(page gitlab.ListOptions, option gitlab.RequestOptionFunc) (
		[]*gitlab.Issue, *gitlab.Response, error,
	) {
		return i.api.Issues.ListProjectIssues(i.project, &gitlab.ListProjectIssuesOptions{
			ListOptions: page, State: gitlab.Ptr("opened"), AuthorUsername: &author,
			OrderBy: &oldestFirst.by, Sort: &oldestFirst.sort,
		}, option)
	})
	var found []forge.Sticky
	for _, issue := range all {
		if m, text, ok := forge.Split(issue.Description); ok && issue.Author != nil {
			found = append(found, forge.Sticky{
				ID: issue.IID, URL: issue.WebURL, Author: issue.Author.Username,
				Marker: m, Title: issue.Title, Text: text,
			})
		}
	}
	return found, err
}

func (i issues) Create(ctx context.Context, text forge.Sticky) (forge.Sticky, error) {
	var created *gitlab.Issue
	err := i.send.Once(ctx, func(ctx context.Context) (err error) {
		options := &gitlab.CreateIssueOptions{Title: &text.Title, Description: gitlab.Ptr(text.Body())}
		created, _, err = i.api.Issues.CreateIssue(i.project, options, gitlab.WithContext(ctx))
		return err
	})
	if err != nil || created == nil || created.Author == nil {
		return text, err
	}
	return text.Posted(created.IID, created.WebURL, created.Author.Username), nil
}

func (i issues) Edit(ctx context.Context, old, text forge.Sticky) error {
	return i.change(ctx, old, &gitlab.UpdateIssueOptions{Title: &text.Title, Description: gitlab.Ptr(text.Body())})
}

// Remove closes an issue, because only an owner may delete one.
func (i issues) Remove(ctx context.Context, old forge.Sticky) error { return i.Close(ctx, old) }

// Close implements forge.IssueStore.
func (i issues) Close(ctx context.Context, issue forge.Sticky) error {
	return i.change(ctx, issue, &gitlab.UpdateIssueOptions{StateEvent: gitlab.Ptr("close")})
}

func (i issues) change(ctx context.Context, issue forge.Sticky, to *gitlab.UpdateIssueOptions) error {
	return i.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := i.api.Issues.UpdateIssue(i.project, issue.ID, to, gitlab.WithContext(ctx))
		return err
	})
}

// Say implements forge.IssueStore.
func (i issues) Say(ctx context.Context, issue forge.Sticky, text string) error {
	return i.send.Once(ctx, func(ctx context.Context) error {
		options := &gitlab.CreateIssueNoteOptions{Body: &text}
		_, _, err := i.api.Notes.CreateIssueNote(i.project, issue.ID, options, gitlab.WithContext(ctx))
		return err
	})
}
