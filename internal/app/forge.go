package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

var (
	errNoPullRequest = errors.New("no pull request")
	errNoToken       = errors.New("no github-token; see docs/permissions.md")
)

// inform brings the pull request's comment and review comments and the issue of
// breached gates up to date. It returns the comment's address, "" where there is
// none.
func (r *story) inform(ctx context.Context, made report.Report) string {
	surface := r.forgeSurface()
	if surface == "" {
		return ""
	}
	if r.cfg.GitHubToken == "" {
		r.skip(surface, errNoToken)
		return ""
	}
	client, err := github.New(github.Config{
		HTTP: r.HTTP, APIURL: r.event.APIURL, GraphQLURL: r.event.GraphQLURL,
		Token: r.cfg.GitHubToken, Repository: r.event.Repository,
	})
	if err != nil {
		r.skip(surface, err)
		return ""
	}
	url := ""
	if surface != "issue" {
		url = r.informPullRequest(ctx, client, made)
	}
	if err := r.issue(ctx, client, made); err != nil {
		r.skip("issue", err)
	}
	return url
}

// forgeSurface is the first that is asked for of those that need a token, "" where
// none is.
func (r *story) forgeSurface() string {
	switch {
	case r.cfg.Comment != config.CommentOff:
		return "comment"
	case r.cfg.ReviewComments:
		return "review comments"
	case r.cfg.Issue:
		return "issue"
	}
	return ""
}

// informPullRequest speaks to the pull request that the event is about or, on a
// push, to the open one of the pushed branch.
func (r *story) informPullRequest(ctx context.Context, forge pullRequests, made report.Report) (url string) {
	number, err := r.event.PullRequest, error(nil)
	if number == 0 && r.event.Name == "push" {
		number, _, err = forge.OpenPullRequest(ctx, r.event.HeadRef, r.event.HeadSHA)
	}
	if err == nil && number == 0 {
		err = errNoPullRequest
	}
	if err != nil {
		r.skip(r.forgeSurface(), err)
		return ""
	}
	if r.cfg.Comment != config.CommentOff {
		if url, err = r.comment(ctx, forge, number, made); err != nil {
			r.skip("comment", err)
		}
	}
	if err := r.review(ctx, forge, number, made); err != nil {
		r.skip("review comments", err)
	}
	return url
}

func (r *story) comment(ctx context.Context, forge pullRequests, number int, made report.Report) (url string, err error) {
	body, err := report.Comment(made, r.event.RunURL)
	if err != nil {
		return "", err
	}
	posted, err := forge.Comment(ctx, github.Comment{
		PullRequest: number, Key: r.cfg.CommentKey, RunID: r.event.RunID, RunAttempt: r.event.RunAttempt, Body: body,
		OnlyUpdate: r.cfg.Comment == config.CommentChanges && !worthAComment(made),
	})
	return posted.URL, err
}

// review remarks on breaches and failed models at their files. An event that does
// not tell the pull request's commit, a comment's, is left out: its checkout may
// be of anything.
func (r *story) review(ctx context.Context, forge pullRequests, number int, made report.Report) error {
	if !r.cfg.ReviewComments || r.event.HeadSHA == "" {
		return nil
	}
	review := github.Review{
		PullRequest: number, Commit: r.event.HeadSHA,
		Key: r.cfg.CommentKey, RunID: r.event.RunID, RunAttempt: r.event.RunAttempt,
	}
	for _, remark := range report.Remarks(made) {
		if path := r.repositoryPath(remark.Path); path != "" {
			review.Remarks = append(review.Remarks, github.Remark{Path: path, Text: remark.Text})
		}
	}
	return forge.Review(ctx, review)
}

// worthAComment says whether comment: changes starts a comment: rows changed, or
// something went wrong.
func worthAComment(made report.Report) bool {
	differs := func(m report.Model) bool { return m.BaselineChange != nil && *m.BaselineChange != 0 }
	return made.Totals.Changed > 0 || slices.ContainsFunc(made.Models, differs) || made.Status != report.Success || len(made.Audit.Problems) > 0 || len(made.Gates) > 0
}

// issue keeps an issue open while gates are breached in runs that have no pull
// request to say it on. A run in which dbt failed checked only some of the gates:
// it opens an issue, but closes none.
func (r *story) issue(ctx context.Context, forge issues, made report.Report) error {
	breached := slices.ContainsFunc(made.Gates, func(g report.Gate) bool { return g.Severity != tally.SeverityWarn })
	if !r.cfg.Issue || r.event.PullRequest != 0 || !breached && made.Status != report.Success {
		return nil
	}
	issue := github.Issue{
		Key: r.cfg.CommentKey, RunID: r.event.RunID, RunAttempt: r.event.RunAttempt, Breached: breached,
		Title: fmt.Sprintf("dbt-tally: gates breached on %s", r.connection.Target),
		Body:  fmt.Sprintf("No gate is breached any more: [run](%s).", r.event.RunURL),
	}
	if breached {
		body, err := report.Comment(made, r.event.RunURL)
		if err != nil {
			return err
		}
		issue.Body = body
	}
	_, err := forge.Issue(ctx, issue)
	return err
}
