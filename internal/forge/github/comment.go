package github

import (
	"context"
	"fmt"

	"github.com/google/go-github/v60/github"
)

// Comment describes a run's comment on a pull request.
type Comment struct {
	PullRequest int
	Key         string // distinguishes the comments of several jobs; any text
	RunID       int64  // with the attempt: decides which of two runs is newer
	RunAttempt  int
	Body        string // Markdown
	OnlyUpdate  bool   // if there is no comment yet, create none
	OnlyNewer   bool   // if there is a comment of this very run, leave it
}

// Outcome is the result of writing a comment, an issue or a check run.
type Outcome string

// The outcomes of Client.Comment, Client.Issue and Client.Check.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged" // the text was already equal
	Newer     Outcome = "newer"     // a newer run's text was kept
	Absent    Outcome = "absent"    // there is none, and none was to be created
	Closed    Outcome = "closed"    // for an issue: it was open, and a clean run closed it
)

// Posted is the comment, issue or check run that exists afterwards. Its URL is "" if
// there is none.
type Posted struct {
	URL     string
	Outcome Outcome
}

// Comment ensures that the pull request has one comment of this key, with this text or
// with that of a newer run.
//
// It finds the comment by the marker in its first line, by its author and by its key, and
// ignores a marker that another user pasted. It edits the comment in place, unless the
// text is equal: then the marker still names the run that first wrote the text. If there
// are several comments, it keeps the oldest, gives it the newest run's text and deletes
// the others. If several runs do so at once, one comment remains, never none.
//
// A create is never retried: if its answer was lost, the comment may exist. Comment waits
// for a rate limit if that takes less than a minute.
//
// The error is an *Error or the context's. If the comment is there and only the removal
// of duplicates failed, Posted is set as well.
func (c *Client) Comment(ctx context.Context, cm Comment) (Posted, error) {
	k := keeper{
		store: comments{c, cm.PullRequest},
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

// comments are the comments of a pull request.
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

// fromComment returns false for a comment that does not begin with our marker.
func fromComment(comment *github.IssueComment) (sticky, bool) {
	m, text, ok := split(comment.GetBody())
	return sticky{
		id: comment.GetID(), url: comment.GetHTMLURL(), author: comment.GetUser().GetLogin(),
		marker: m, text: text,
	}, ok
}
