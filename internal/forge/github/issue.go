package github

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-github/v60/github"
)

// Issue describes the issue in which a run reports its gates if there is no pull request.
type Issue struct {
	Key        string // distinguishes the issues of several jobs; any text
	RunID      int64  // with the attempt: decides which of two runs is newer
	RunAttempt int
	Breached   bool   // false: the run is clean
	Title      string // of the issue, plain text; not used by a clean run
	Body       string // Markdown: the issue's text, or that of the comment with which a clean run closes it
}

// Issue ensures that the repository has one open issue of this key while gates are
// breached, and none when they are clean.
//
// It finds the issue as Client.Comment finds a comment, among the open ones. A breach
// opens an issue or edits it in place. A clean run closes it and then adds a comment. A
// newer run's issue stays as it is. A closed issue is never reopened: a later breach
// opens another one. If there are several, the oldest is kept and the others are closed
// as not planned.
//
// The error is an *Error or the context's. If the issue is as it should be and only the
// comment or the closing of others failed, Posted is set as well.
func (c *Client) Issue(ctx context.Context, is Issue) (Posted, error) {
	about := fmt.Sprintf("issue in %s/%s", c.owner, c.repo)
	return within(ctx, about, issuesWrite, func(ctx context.Context) (Posted, error) {
		return c.issue(ctx, is)
	})
}

func (c *Client) issue(ctx context.Context, is Issue) (Posted, error) {
	k := keeper{
		store: issues{c},
		want: sticky{
			marker: marker{Key: is.Key, RunID: is.RunID, RunAttempt: is.RunAttempt},
			title:  is.Title,
			text:   is.Body,
		},
	}
	if is.Breached {
		return k.keep(ctx, c.viewer(ctx))
	}
	found, err := k.find(ctx, c.viewer(ctx))
	if err != nil || len(found) == 0 {
		return Posted{Outcome: Absent}, err
	}
	oldest, newest := slices.MinFunc(found, byID), slices.MaxFunc(found, byRun)
	if newest.marker.compare(k.want.marker) > 0 {
		return Posted{newest.url, Newer}, nil
	}
	if err := c.close(ctx, oldest.id, "completed"); err != nil {
		return Posted{}, err
	}
	// The comment follows the close: otherwise the next run could find the issue open and
	// comment again.
	duplicates := slices.DeleteFunc(found, oldest.is)
	return Posted{oldest.url, Closed}, errors.Join(c.say(ctx, oldest.id, is.Body), k.remove(ctx, duplicates))
}

func (c *Client) close(ctx context.Context, number int64, reason string) error {
	return c.change(ctx, number, &github.IssueRequest{State: github.String("closed"), StateReason: &reason})
}

func (c *Client) change(ctx context.Context, number int64, to *github.IssueRequest) error {
	return c.repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := c.api.Issues.Edit(ctx, c.owner, c.repo, int(number), to)
		return err
	})
}

func (c *Client) say(ctx context.Context, number int64, text string) error {
	return once(ctx, func(ctx context.Context) error {
		_, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.repo, int(number), &github.IssueComment{Body: &text})
		return err
	})
}

// issues are the open issues of the repository.
type issues struct{ *Client }

func (c issues) list(ctx context.Context, author string) ([]sticky, error) {
	all, err := pages(ctx, c.Client, func(ctx context.Context, o listed) ([]*github.Issue, *response, error) {
		return c.api.Issues.ListByRepo(ctx, c.owner, c.repo, &github.IssueListByRepoOptions{
			State: "open", Creator: author, ListOptions: o,
		})
	})
	var found []sticky
	for _, issue := range all {
		if s, ok := fromIssue(issue); ok {
			found = append(found, s)
		}
	}
	return found, err
}

func (c issues) create(ctx context.Context, text sticky) (sticky, error) {
	var created *github.Issue
	err := once(ctx, func(ctx context.Context) (err error) {
		issue := &github.IssueRequest{Title: &text.title, Body: text.body()}
		created, _, err = c.api.Issues.Create(ctx, c.owner, c.repo, issue)
		return err
	})
	return text.posted(int64(created.GetNumber()), created.GetHTMLURL(), created.GetUser()), err
}

func (c issues) edit(ctx context.Context, id int64, text sticky) error {
	return c.change(ctx, id, &github.IssueRequest{Title: &text.title, Body: text.body()})
}

// remove closes an issue, because only an administrator may delete one.
func (c issues) remove(ctx context.Context, id int64) error {
	return c.close(ctx, id, "not_planned")
}

// fromIssue returns false for an issue that does not begin with our marker, and for a
// pull request, which GitHub lists as an issue.
func fromIssue(issue *github.Issue) (sticky, bool) {
	m, text, ok := split(issue.GetBody())
	return sticky{
		id: int64(issue.GetNumber()), url: issue.GetHTMLURL(), author: issue.GetUser().GetLogin(),
		marker: m, title: issue.GetTitle(), text: text,
	}, ok && !issue.IsPullRequest()
}
