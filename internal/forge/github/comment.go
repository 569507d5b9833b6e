package github

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"
)

// Comment is what a run has to say on a pull request.
type Comment struct {
	PullRequest int
	Key         string // tells the comments of several jobs apart; any text
	RunID       int64  // with the attempt: which of two runs is newer
	RunAttempt  int
	Body        string // Markdown
	OnlyUpdate  bool   // where there is no comment yet, start none
	OnlyNewer   bool   // where this very run's is there, leave it
}

// Outcome is what became of a comment, an issue or a check run.
type Outcome string

// The outcomes of Client.Comment, Client.Issue and Client.Check.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged" // it says so already
	Newer     Outcome = "newer"     // a newer run's text is there and was kept
	Absent    Outcome = "absent"    // there is none, and none was to be started
	Closed    Outcome = "closed"    // of an issue: it was open, and a clean run closed it
)

// Posted is the one comment, issue or check run that is there afterwards; its URL
// is "" where there is none.
type Posted struct {
	URL     string
	Outcome Outcome
}

// Comment sees to it that the pull request has one comment of this key, and that
// it bears this text or a newer run's.
//
// The comment is found by the marker in its first line, by its author and by its
// key; a marker that somebody else pasted is left alone. It is edited in place,
// but not where the text is equal: then the marker goes on naming the run that
// wrote the text first. Of several comments the oldest is kept, with the newest run's
// text, and the others are deleted. Several runs may do so at once: one comment is
// left, and never none.
//
// A create is never tried again: an answer that got lost may stand for a comment
// that is there. A rate limit is waited for, where that takes no minute.
//
// The error is an *Error or the context's. Where the comment is there and only
// removing others went wrong, Posted is set as well.
func (c *Client) Comment(ctx context.Context, cm Comment) (Posted, error) {
	k := keeper{
		place: comments{c, cm.PullRequest},
		want: sticky{
			marker: marker{Key: cm.Key, RunID: cm.RunID, RunAttempt: cm.RunAttempt},
			text:   cm.Body,
		},
		onlyUpdate: cm.OnlyUpdate,
		onlyNewer:  cm.OnlyNewer,
	}
	about := fmt.Sprintf("comment on %s/%s#%d", c.owner, c.repo, cm.PullRequest)
	return within(ctx, about, pullRequestsWrite, func(ctx context.Context) (Posted, error) {
		return k.keep(ctx, c.viewer(ctx))
	})
}

// comments are those of a pull request.
type comments struct {
	*Client
	pullRequest int
}

func (c comments) list(ctx context.Context, _ string) ([]sticky, error) {
	all, err := pages(ctx, c.Client, func(ctx context.Context, o listed) ([]*github.IssueComment, *response, error) {
		options := &github.IssueListCommentsOptions{ListOptions: o}
		return c.api.Issues.ListComments(ctx, c.owner, c.repo, c.pullRequest, options)
	})
	var found []sticky
	for _, comment := range all {
		if s, ok := fromComment(comment); ok {
			found = append(found, s)
		}
	}
	return found, err
}

func (c comments) create(ctx context.Context, text sticky) (sticky, error) {
	var created *github.IssueComment
	err := once(ctx, func(ctx context.Context) (err error) {
		comment := &github.IssueComment{Body: text.body()}
		created, _, err = c.api.Issues.CreateComment(ctx, c.owner, c.repo, c.pullRequest, comment)
		return err
	})
	return text.posted(created.GetID(), created.GetHTMLURL(), created.GetUser()), err
}

func (c comments) edit(ctx context.Context, id int64, text sticky) error {
	return c.repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := c.api.Issues.EditComment(ctx, c.owner, c.repo, id, &github.IssueComment{Body: text.body()})
		return err
	})
}

func (c comments) remove(ctx context.Context, id int64) error {
	return c.repeatedly(ctx, func(ctx context.Context) error {
		_, err := c.api.Issues.DeleteComment(ctx, c.owner, c.repo, id)
		return err
	})
}

// fromComment is false for a comment that does not begin with our marker.
func fromComment(comment *github.IssueComment) (sticky, bool) {
	m, text, ok := split(comment.GetBody())
	return sticky{
		id: comment.GetID(), url: comment.GetHTMLURL(), author: comment.GetUser().GetLogin(),
		marker: m, text: text,
	}, ok
}
