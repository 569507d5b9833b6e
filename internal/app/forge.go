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

// inform brings the pull request's comment and the issue of breached gates up to
// date. It returns the comment's address, "" where there is none.
func (r *story) inform(ctx context.Context, made report.Report) string {
	if r.cfg.Comment == config.CommentOff && !r.cfg.Issue {
		return ""
	}
	if r.cfg.GitHubToken == "" {
		r.skip("comment", errNoToken)
		return ""
	}
	client, err := github.New(github.Config{
		HTTP: r.HTTP, APIURL: r.event.APIURL, GraphQLURL: r.event.GraphQLURL,
		Token: r.cfg.GitHubToken, Repository: r.event.Repository,
	})
	if err != nil {
		r.skip("comment", err)
		return ""
	}
	url := ""
	if r.cfg.Comment != config.CommentOff {
		if url, err = r.comment(ctx, client, made); err != nil {
			r.skip("comment", err)
		}
	}
	if err := r.issue(ctx, client, made); err != nil {
		r.skip("issue", err)
	}
	return url
}

// comment puts the report on the pull request that the event is about or, on a
// push, on the open one of the pushed branch.
func (r *story) comment(ctx context.Context, forge pullRequests, made report.Report) (url string, err error) {
	number := r.event.PullRequest
	if number == 0 && r.event.Name == "push" {
		if number, _, err = forge.OpenPullRequest(ctx, r.event.HeadRef, r.event.HeadSHA); err != nil {
			return "", err
		}
	}
	if number == 0 {
		return "", errNoPullRequest
	}
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
