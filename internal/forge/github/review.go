package github

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Review ensures that each remark whose file is in the pull request's diff has one review
// comment, and that no other review comment of this key remains. It leaves the review
// comments of a newer run as they are.
//
// It works as forge.KeepReview does. New comments are created in one review, because
// GitHub notifies people of each review: at the first added line or, if there is none, at
// the first removed line. If GitHub shows no lines of the file, the comment is on the
// file as a whole. A review cannot contain such a comment, so it is a separate request.
//
// The error is a *forge.Error or the context's. If GitHub refuses some remarks, the error is
// that of the first one, and the other remarks exist.
func (c *Client) Review(ctx context.Context, rv forge.Review) error {
	about := fmt.Sprintf("review comments on %s/%s#%d", c.owner, c.repo, rv.PullRequest)
	_, err := forge.Within(ctx, about, pullRequestsWrite.advice(), func(ctx context.Context) (any, error) {
		return nil, forge.KeepReview(ctx, rv, reviewComments{c, rv.PullRequest, rv.Commit}, c.viewer(ctx))
	})
	return err
}

// reviewComments are the review comments of a pull request.
type reviewComments struct {
	*Client
	pullRequest int
	commit      string
}

func (c reviewComments) List(ctx context.Context, _ string) ([]forge.Sticky, error) {
	type comment = github.PullRequestComment
	all, err := pages(ctx, c.Client, func(ctx context.Context, o listed) ([]*comment, *response, error) {
		options := &github.PullRequestListCommentsOptions{ListOptions: o}
		return c.api.PullRequests.ListComments(ctx, c.owner, c.repo, c.pullRequest, options)
	})
	var found []forge.Sticky
	for _, comment := range all {
		if m, text, ok := forge.Split(comment.GetBody()); ok {
			found = append(found, forge.Sticky{
				ID: comment.GetID(), URL: comment.GetHTMLURL(), Author: comment.GetUser().GetLogin(),
				Marker: m, Path: comment.GetPath(), Text: text,
			})
		}
	}
	return found, err
}

// Create adds a comment on a file as a whole.
func (c reviewComments) Create(ctx context.Context, text forge.Sticky) (forge.Sticky, error) {
	var created *github.PullRequestComment
	err := c.send.Once(ctx, func(ctx context.Context) (err error) {
		comment := &github.PullRequestComment{
			CommitID: &c.commit, Path: &text.Path, SubjectType: github.String("file"), Body: body(text),
		}
		created, _, err = c.api.PullRequests.CreateComment(ctx, c.owner, c.repo, c.pullRequest, comment)
		return err
	})
	return text.Posted(created.GetID(), created.GetHTMLURL(), created.GetUser().GetLogin()), err
}

func (c reviewComments) Edit(ctx context.Context, old, text forge.Sticky) error {
	return c.send.Repeatedly(ctx, func(ctx context.Context) error {
		comment := &github.PullRequestComment{Body: body(text)}
		_, _, err := c.api.PullRequests.EditComment(ctx, c.owner, c.repo, old.ID, comment)
		return err
	})
}

func (c reviewComments) Remove(ctx context.Context, old forge.Sticky) error {
	return c.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, err := c.api.PullRequests.DeleteComment(ctx, c.owner, c.repo, old.ID)
		return err
	})
}

// CreateAll implements forge.ReviewStore.
//
// GitHub accepts or refuses a review as a whole, and does not report which comment was
// the reason. A comment at a line is refused if the branch was pushed to after the diff
// was read. Then each comment is created on its file as a whole, as far as GitHub accepts
// it.
func (c reviewComments) CreateAll(ctx context.Context, all []forge.Sticky) (author string, err error) {
	files, err := c.diff(ctx)
	if err != nil {
		return "", err
	}
	all = slices.DeleteFunc(all, func(s forge.Sticky) bool { return files[s.Path] == nil })
	request := &github.PullRequestReviewRequest{CommitID: &c.commit, Event: github.String("COMMENT")}
	var alone []forge.Sticky
	for _, s := range all {
		line, side := forge.FirstChange(files[s.Path].GetPatch())
		if line == 0 {
			alone = append(alone, s)
			continue
		}
		request.Comments = append(request.Comments, &github.DraftReviewComment{
			Path: &s.Path, Line: &line, Side: (*string)(&side), Body: body(s),
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
		created, err := c.Create(ctx, s)
		switch {
		case err == nil:
			author = created.Author
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
	err = c.send.Once(ctx, func(ctx context.Context) error {
		created, _, err := c.api.PullRequests.CreateReview(ctx, c.owner, c.repo, c.pullRequest, request)
		author = created.GetUser().GetLogin()
		return err
	})
	return author, err
}
