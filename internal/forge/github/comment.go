package github

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
}

// Outcome is what became of a comment.
type Outcome string

// The outcomes of Client.Comment.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged" // it says so already
	Newer     Outcome = "newer"     // a newer run's text is there and was kept
	Absent    Outcome = "absent"    // there is none, and none was to be started
)

// Posted is the one comment that is there afterwards; its URL is "" where there
// is none.
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
// wrote the text first. Of several comments the oldest is kept and the others
// are deleted.
//
// A create is never tried again: an answer that got lost may stand for a comment
// that is there.
//
// The error is an *Error or the context's. Where the comment is there and only
// removing others went wrong, Posted is set as well.
func (c *Client) Comment(ctx context.Context, cm Comment) (Posted, error) {
	posted, err := c.comment(ctx, cm)
	if err != nil {
		err = fmt.Errorf("comment on %s/%s#%d: %w", c.owner, c.repo, cm.PullRequest, err)
	}
	return posted, err
}

func (c *Client) comment(ctx context.Context, cm Comment) (Posted, error) {
	found, err := c.find(ctx, cm, c.viewer(ctx))
	if err != nil {
		return Posted{}, err
	}
	switch {
	case len(found) == 0 && cm.OnlyUpdate:
		return Posted{Outcome: Absent}, nil
	case len(found) == 0:
		return c.create(ctx, cm)
	}
	newest, oldest := slices.MaxFunc(found, byRun), slices.MinFunc(found, byID)
	if newest.marker.compare(cm.marker()) > 0 {
		return Posted{newest.url, Newer}, c.removeOthers(ctx, found, newest)
	}
	if oldest.text == normal(cm.Body) {
		return Posted{oldest.url, Unchanged}, c.removeOthers(ctx, found, oldest)
	}
	err = c.edit(ctx, oldest, cm)
	if notFound(err) {
		// Somebody deleted it since. Where the 404 hides a missing permission,
		// the create says so.
		return c.create(ctx, cm)
	}
	if err != nil {
		return Posted{}, err
	}
	return Posted{oldest.url, Updated}, c.removeOthers(ctx, found, oldest)
}

// create posts the comment, then looks whether another job did so at the same
// time. Each that sees both keeps the same one, the newest run's, so the job that
// looks last leaves one. Nothing is edited here: edits could overtake one another.
func (c *Client) create(ctx context.Context, cm Comment) (Posted, error) {
	answer, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.repo, cm.PullRequest, cm.payload())
	if err != nil {
		return Posted{}, failure(err)
	}
	created := sticky{id: answer.GetID(), url: answer.GetHTMLURL(), marker: cm.marker()}
	posted := Posted{created.url, Created}
	// By now it is certain whose token it is.
	found, err := c.find(ctx, cm, answer.GetUser().GetLogin())
	if err != nil {
		return posted, err
	}
	if !slices.ContainsFunc(found, created.is) {
		found = append(found, created) // the list may lag behind
	}
	newest := slices.MaxFunc(found, byRun)
	if !newest.is(created) {
		posted = Posted{newest.url, Newer}
	}
	return posted, c.removeOthers(ctx, found, newest)
}

func (c *Client) edit(ctx context.Context, s sticky, cm Comment) error {
	_, _, err := c.api.Issues.EditComment(ctx, c.owner, c.repo, s.id, cm.payload())
	return failure(err)
}

// removeOthers deletes all but one. That another job deleted one first is fine.
func (c *Client) removeOthers(ctx context.Context, all []sticky, keep sticky) error {
	var errs []error
	for _, s := range all {
		if s.is(keep) {
			continue
		}
		_, err := c.api.Issues.DeleteComment(ctx, c.owner, c.repo, s.id)
		if err = failure(err); err != nil && !notFound(err) {
			errs = append(errs, fmt.Errorf("remove the duplicate %s: %w", s.url, err))
		}
	}
	return errors.Join(errs...)
}

func (cm Comment) marker() marker {
	return marker{Key: cm.Key, RunID: cm.RunID, RunAttempt: cm.RunAttempt}
}

func (cm Comment) payload() *github.IssueComment {
	return &github.IssueComment{Body: github.String(cm.marker().String() + "\n" + cm.Body)}
}
