package github

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/go-github/v60/github"
)

// Review describes a run's review comments on the files of a pull request.
type Review struct {
	PullRequest int
	Commit      string // the pull request's head that the run built
	Key         string // distinguishes the review comments of several jobs; any text
	RunID       int64  // with the attempt: decides which of two runs is newer
	RunAttempt  int
	Remarks     []Remark // at most one per file
}

// Remark is the text of the review comment on one file.
type Remark struct {
	Path string // relative to the root of the repository
	Text string // Markdown
}

// Review ensures that each remark whose file is in the pull request's diff has one review
// comment, and that no other review comment of this key remains. It leaves the review
// comments of a newer run as they are.
//
// It finds review comments as Client.Comment finds a comment. One with the same text
// stays where it is; one with another text is edited in place. New ones are created in
// one review, because GitHub notifies people of each review: at the first added line or,
// if there is none, at the first removed line. If GitHub shows no lines of the file, the
// comment is on the file as a whole. A review cannot contain such a comment, so it is a
// separate request.
//
// The error is an *Error or the context's. If GitHub refuses remarks, it is the error of
// the first; the others are there.
func (c *Client) Review(ctx context.Context, rv Review) error {
	r := review{
		Review: rv,
		store:  reviewComments{c, rv.PullRequest, rv.Commit},
		marker: marker{Key: rv.Key, RunID: rv.RunID, RunAttempt: rv.RunAttempt},
	}
	about := fmt.Sprintf("review comments on %s/%s#%d", c.owner, c.repo, rv.PullRequest)
	_, err := within(ctx, about, pullRequestsWrite, func(ctx context.Context) (any, error) {
		return nil, r.write(ctx, c.viewer(ctx))
	})
	return err
}

// review is a Review while it is written.
type review struct {
	Review
	store  reviewComments
	marker marker
}

// keeper returns the keeper of the review comment on one file.
func (r review) keeper(m Remark) keeper {
	return keeper{store: r.store, want: sticky{marker: r.marker, path: m.Path, text: m.Text}}
}

// write lists the review comments, applies what is needed and lists them again, as
// keeper.keep does. It creates each file's remark at most once.
func (r review) write(ctx context.Context, author string) error {
	newer := func(s sticky) bool { return s.marker.compare(r.marker) > 0 }
	created := map[string]bool{}
	for range mostRounds {
		found, err := r.keeper(Remark{}).find(ctx, author)
		if err != nil || slices.ContainsFunc(found, newer) {
			return err
		}
		missing, changed, err := r.update(ctx, found)
		if err != nil {
			return err
		}
		missing = slices.DeleteFunc(missing, func(s sticky) bool { return created[s.path] })
		if len(missing) == 0 && !changed {
			return nil
		}
		for _, s := range missing {
			created[s.path] = true
		}
		owner, err := r.add(ctx, missing)
		if err != nil {
			return err
		}
		author = cmp.Or(owner, author)
	}
	return nil
}

// update edits and removes existing comments, and returns the remarks that have none.
func (r review) update(ctx context.Context, found []sticky) (missing []sticky, changed bool, err error) {
	for _, remark := range r.Remarks {
		k := r.keeper(remark)
		next := k.next(at(found, remark.Path))
		switch {
		case next.create:
			missing = append(missing, k.want)
			continue
		case next.edit.id != 0:
			err = k.store.edit(ctx, next.edit.id, next.to)
			if gone(err) { // as in keeper.keep
				missing, err = append(missing, k.want), nil
			}
		default:
			err = k.remove(ctx, next.remove)
		}
		if err != nil {
			return nil, false, err
		}
		changed = changed || !next.none()
	}
	for _, s := range found {
		if slices.ContainsFunc(r.Remarks, func(m Remark) bool { return m.Path == s.path }) {
			continue
		}
		if err := r.store.remove(ctx, s.id); err != nil && !gone(err) {
			return nil, false, err
		}
	}
	return missing, changed, nil
}

// add creates the missing comments on their files. It returns their author, or "" if none
// was created.
func (r review) add(ctx context.Context, missing []sticky) (author string, err error) {
	if len(missing) == 0 {
		return "", nil
	}
	files, err := r.store.diff(ctx)
	if err != nil {
		return "", err
	}
	missing = slices.DeleteFunc(missing, func(s sticky) bool { return files[s.path] == nil })
	return r.store.createAll(ctx, missing, files)
}

func at(all []sticky, path string) []sticky {
	return slices.DeleteFunc(slices.Clone(all), func(s sticky) bool { return s.path != path })
}

// reviewComments are the review comments of a pull request.
type reviewComments struct {
	*Client
	pullRequest int
	commit      string
}

func (c reviewComments) list(ctx context.Context, _ string) ([]sticky, error) {
	type comment = github.PullRequestComment
	all, err := pages(ctx, c.Client, func(ctx context.Context, o listed) ([]*comment, *response, error) {
		options := &github.PullRequestListCommentsOptions{ListOptions: o}
		return c.api.PullRequests.ListComments(ctx, c.owner, c.repo, c.pullRequest, options)
	})
	var found []sticky
	for _, comment := range all {
		if m, text, ok := split(comment.GetBody()); ok {
			found = append(found, sticky{
				id: comment.GetID(), url: comment.GetHTMLURL(), author: comment.GetUser().GetLogin(),
				marker: m, path: comment.GetPath(), text: text,
			})
		}
	}
	return found, err
}

// create adds a comment on a file as a whole.
func (c reviewComments) create(ctx context.Context, text sticky) (sticky, error) {
	var created *github.PullRequestComment
	err := once(ctx, func(ctx context.Context) (err error) {
		comment := &github.PullRequestComment{
			CommitID: &c.commit, Path: &text.path, SubjectType: github.String("file"), Body: text.body(),
		}
		created, _, err = c.api.PullRequests.CreateComment(ctx, c.owner, c.repo, c.pullRequest, comment)
		return err
	})
	return text.posted(created.GetID(), created.GetHTMLURL(), created.GetUser()), err
}

func (c reviewComments) edit(ctx context.Context, id int64, text sticky) error {
	return c.repeatedly(ctx, func(ctx context.Context) error {
		comment := &github.PullRequestComment{Body: text.body()}
		_, _, err := c.api.PullRequests.EditComment(ctx, c.owner, c.repo, id, comment)
		return err
	})
}

func (c reviewComments) remove(ctx context.Context, id int64) error {
	return c.repeatedly(ctx, func(ctx context.Context) error {
		_, err := c.api.PullRequests.DeleteComment(ctx, c.owner, c.repo, id)
		return err
	})
}

// createAll returns the author of the comments, or "" if there was none to create.
//
// GitHub accepts or refuses a review as a whole, and does not report which comment was
// the reason. A comment at a line is refused if the branch was pushed to after the diff
// was read. Then each comment is created on its file as a whole, as far as GitHub accepts
// it.
func (c reviewComments) createAll(
	ctx context.Context, all []sticky, files map[string]*github.CommitFile,
) (author string, err error) {
	request := &github.PullRequestReviewRequest{CommitID: &c.commit, Event: github.String("COMMENT")}
	var alone []sticky
	for _, s := range all {
		line, side := firstChange(files[s.path].GetPatch())
		if line == 0 {
			alone = append(alone, s)
			continue
		}
		request.Comments = append(request.Comments, &github.DraftReviewComment{
			Path: &s.path, Line: &line, Side: &side, Body: s.body(),
		})
	}
	if len(request.Comments) > 0 {
		author, err = c.createReview(ctx, request)
		if err != nil && !unprocessable(err) {
			return "", err
		}
		if err != nil {
			alone = all
		}
	}
	var refused error
	for _, s := range alone {
		created, err := c.create(ctx, s)
		switch {
		case err == nil:
			author = created.author
		case unprocessable(err):
			refused = cmp.Or(refused, err)
		default:
			return author, err
		}
	}
	return author, refused
}

func (c reviewComments) createReview(
	ctx context.Context, request *github.PullRequestReviewRequest,
) (author string, err error) {
	err = once(ctx, func(ctx context.Context) error {
		created, _, err := c.api.PullRequests.CreateReview(ctx, c.owner, c.repo, c.pullRequest, request)
		author = created.GetUser().GetLogin()
		return err
	})
	return author, err
}
