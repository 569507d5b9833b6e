package app

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

var (
	errNoPullRequest = errors.New("no pull request")
	errNoCommit      = errors.New("the event does not say which commit it is about")
	errNoToken       = errors.New("no github-token; see docs/permissions.md")
	errReadOnly      = errors.New("on a pull request from a fork or by Dependabot the token may not write; want mode: publish in a workflow_run, which posts report.json; see docs/permissions.md")
)

// inform brings the pull request's comment and review comments, the check run and
// the issue of breached gates up to date. It returns the comment's address, ""
// where there is none.
func (s *story) inform(ctx context.Context, made report.Report) (url string) {
	surface := s.forgeSurface()
	if surface == "" {
		return ""
	}
	client, err := s.forge()
	if err != nil {
		s.skip(surface, err)
		return ""
	}
	if s.cfg.Comment != config.CommentOff || s.cfg.ReviewComments {
		number, err := s.pullRequest(ctx, client)
		if err != nil {
			s.skip(surface, err)
		} else {
			url = s.informPullRequest(ctx, client, number, made)
		}
	}
	if err := s.check(ctx, client, made); err != nil {
		s.skip("check run", err)
	}
	if err := s.issue(ctx, client, made); err != nil {
		s.skip("issue", err)
	}
	return url
}

// forgeSurface is the first that is asked for of those that need a token, "" where
// none is.
func (s *story) forgeSurface() string {
	switch {
	case s.cfg.Comment != config.CommentOff:
		return "comment"
	case s.cfg.ReviewComments:
		return "review comments"
	case s.cfg.Check:
		return "check run"
	case s.cfg.Issue:
		return "issue"
	}
	return ""
}

func (s *story) forge() (*github.Client, error) {
	if s.cfg.GitHubToken == "" {
		return nil, errNoToken
	}
	return github.New(github.Config{
		HTTP: s.HTTP, APIURL: s.event.APIURL, GraphQLURL: s.event.GraphQLURL,
		Token: s.cfg.GitHubToken, Repository: s.event.Repository,
	})
}

// pullRequest is the one that the event is about or, on a push, the open one of the
// pushed branch.
func (s *story) pullRequest(ctx context.Context, forge pullRequests) (number int, err error) {
	number = s.event.PullRequest
	if number == 0 && s.event.Name == "push" {
		number, _, err = forge.OpenPullRequest(ctx, github.Head{
			Repository: s.event.Repository, Branch: s.event.HeadRef, SHA: s.event.HeadSHA,
		})
	}
	if err == nil && number == 0 {
		err = errNoPullRequest
	}
	return number, err
}

func (s *story) informPullRequest(ctx context.Context, forge pullRequests, number int, made report.Report) (url string) {
	var err error
	if s.cfg.Comment != config.CommentOff {
		if url, err = s.comment(ctx, forge, number, made); err != nil {
			s.skip("comment", err)
		}
		if github.General(err) {
			return url // the review comments would take as long and end as badly
		}
	}
	if err := s.review(ctx, forge, number, made); err != nil {
		s.skip("review comments", err)
	}
	return url
}

func (s *story) comment(ctx context.Context, forge pullRequests, number int, made report.Report) (url string, err error) {
	body, err := s.text(made)
	if err != nil {
		return "", err
	}
	posted, err := forge.Comment(ctx, github.Comment{
		PullRequest: number, Key: s.cfg.CommentKey, RunID: s.event.RunID, RunAttempt: s.event.RunAttempt, Body: body,
		OnlyUpdate: !worthAComment(s.cfg.Comment, made),
		OnlyNewer:  s.cfg.Mode == config.Publish,
	})
	return posted.URL, err
}

// text is what the comment says.
func (s *story) text(made report.Report) (string, error) {
	if s.cfg.Mode == config.Publish {
		return markdown.PublishedComment(made, s.event.RunURL)
	}
	return markdown.Comment(made, s.event.RunURL)
}

// review remarks on breaches and failed models at their files. An event that does
// not tell the pull request's commit, a comment's, is left out: its checkout may
// be of anything.
func (s *story) review(ctx context.Context, forge pullRequests, number int, made report.Report) error {
	if !s.cfg.ReviewComments || s.event.HeadSHA == "" {
		return nil
	}
	review := github.Review{
		PullRequest: number, Commit: s.event.HeadSHA,
		Key: s.cfg.CommentKey, RunID: s.event.RunID, RunAttempt: s.event.RunAttempt,
	}
	for _, remark := range markdown.Remarks(made) {
		review.Remarks = append(review.Remarks, github.Remark{Path: remark.File, Text: remark.Text})
	}
	return forge.Review(ctx, review)
}

// worthAComment says whether a report starts a comment; one that is there is kept
// true in any case.
func worthAComment(mode config.CommentMode, made report.Report) bool {
	wrong := made.Status != report.Success || len(made.Audit.Problems) > 0 || len(made.Gates) > 0
	differs := func(m report.Model) bool { return m.BaselineChange != nil && *m.BaselineChange != 0 }
	switch mode {
	case config.CommentGates:
		return wrong
	case config.CommentChanges:
		return wrong || made.Totals.Changed > 0 || slices.ContainsFunc(made.Models, differs)
	}
	return true
}

// check makes a check run of what the gates say.
func (s *story) check(ctx context.Context, forge checks, made report.Report) error {
	switch {
	case !s.cfg.Check:
		return nil
	case s.event.HeadSHA == "":
		return errNoCommit
	}
	verdict, why := report.Judge(made)
	text, err := s.text(made)
	if err != nil {
		return err
	}
	name := "dbt-tally"
	if s.cfg.CommentKey != config.DefaultKey {
		name = fmt.Sprintf("dbt-tally (%s)", s.cfg.CommentKey)
	}
	_, err = forge.Check(ctx, github.Check{
		Commit: s.event.HeadSHA, Name: name, Key: s.cfg.CommentKey, RunID: s.event.RunID, RunAttempt: s.event.RunAttempt,
		Conclusion: string(verdict), Title: why, Summary: text, URL: s.event.RunURL,
	})
	return err
}

// issue keeps an issue open while gates are breached in runs that have no pull
// request to say it on. A run in which dbt failed checked only some of the gates:
// it opens an issue, but closes none.
func (s *story) issue(ctx context.Context, forge issues, made report.Report) error {
	breached := slices.ContainsFunc(made.Gates, func(g report.Gate) bool { return g.Severity != tally.SeverityWarn })
	if !s.cfg.Issue || s.event.PullRequest != 0 || !breached && made.Status != report.Success {
		return nil
	}
	issue := github.Issue{
		Key: s.cfg.CommentKey, RunID: s.event.RunID, RunAttempt: s.event.RunAttempt, Breached: breached,
		Title: fmt.Sprintf("dbt-tally: gates breached on %s", s.connection.Target),
		Body:  fmt.Sprintf("No gate is breached any more: [run](%s).", s.event.RunURL),
	}
	if breached {
		body, err := markdown.Comment(made, s.event.RunURL)
		if err != nil {
			return err
		}
		issue.Body = body
	}
	_, err := forge.Issue(ctx, issue)
	return err
}
