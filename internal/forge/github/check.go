package github

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"
)

// Check describes a check run: a run's verdict on a commit, in a form that branch
// protection understands.
type Check struct {
	Commit     string // the pull request's head, not the merge commit that GitHub creates
	Name       string // the name that branch protection refers to
	Key        string // distinguishes the check runs of several jobs; any text
	RunID      int64  // with the attempt: decides which of two runs is newer
	RunAttempt int
	Conclusion string // "success", "failure" or "neutral"
	Title      string // plain text
	Summary    string // Markdown, at most 65,000 characters
	URL        string // a page with the details
	OnlyUpdate bool   // update an existing check run, but create none
}

// Check ensures that the commit has a check run of this name and key with this conclusion
// or with that of a newer run.
//
// It finds the check run by the marker in the first line of its summary, by its app and
// by its key, so a job with the same name is left alone. It updates the check run in
// place. GitHub cannot delete check runs: if two jobs create one at the same time, both
// stay, and GitHub uses the later one.
//
// A create is never retried, as in Client.Comment. The error is an *Error or the
// context's.
func (c *Client) Check(ctx context.Context, ck Check) (Posted, error) {
	about := fmt.Sprintf("check run on %s/%s@%.7s", c.owner, c.repo, ck.Commit)
	return within(ctx, about, checksWrite, func(ctx context.Context) (Posted, error) {
		return c.check(ctx, ck)
	})
}

func (c *Client) check(ctx context.Context, ck Check) (Posted, error) {
	m := marker{Key: ck.Key, RunID: ck.RunID, RunAttempt: ck.RunAttempt}
	output := &github.CheckRunOutput{Title: &ck.Title, Summary: sticky{marker: m, text: ck.Summary}.body()}
	found, err := c.checkRuns(ctx, ck, c.viewer(ctx))
	if err != nil {
		return Posted{}, err
	}
	if len(found) == 0 && ck.OnlyUpdate {
		return Posted{Outcome: Absent}, nil
	}
	if len(found) == 0 {
		return c.createCheck(ctx, ck, output)
	}
	newest := slices.MaxFunc(found, byRun)
	if newest.marker.compare(m) > 0 {
		return Posted{newest.url, Newer}, nil
	}
	err = c.repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := c.api.Checks.UpdateCheckRun(ctx, c.owner, c.repo, newest.id, github.UpdateCheckRunOptions{
			Name: ck.Name, Status: github.String("completed"), Conclusion: &ck.Conclusion,
			DetailsURL: &ck.URL, Output: output,
		})
		return err
	})
	return Posted{newest.url, Updated}, err
}

func (c *Client) createCheck(ctx context.Context, ck Check, output *github.CheckRunOutput) (Posted, error) {
	var created *github.CheckRun
	err := once(ctx, func(ctx context.Context) (err error) {
		created, _, err = c.api.Checks.CreateCheckRun(ctx, c.owner, c.repo, github.CreateCheckRunOptions{
			Name: ck.Name, HeadSHA: ck.Commit, Status: github.String("completed"), Conclusion: &ck.Conclusion,
			DetailsURL: &ck.URL, Output: output,
		})
		return err
	})
	return Posted{created.GetHTMLURL(), Created}, err
}

// checkRuns returns the commit's check runs with this name and key that the author's app
// created. Without the filter GitHub would hide a check run behind a job with the same
// name.
func (c *Client) checkRuns(ctx context.Context, ck Check, author string) ([]sticky, error) {
	all, err := pages(ctx, c, func(ctx context.Context, o listed) ([]*github.CheckRun, *response, error) {
		found, resp, err := c.api.Checks.ListCheckRunsForRef(ctx, c.owner, c.repo, ck.Commit, &github.ListCheckRunsOptions{
			CheckName: &ck.Name, Filter: github.String("all"), ListOptions: o,
		})
		if err != nil || found == nil { // null: the answer of a broken proxy
			return nil, resp, err
		}
		return found.CheckRuns, resp, nil
	})
	var ours []sticky
	for _, run := range all {
		m, text, ok := split(run.GetOutput().GetSummary())
		if ok && m.Key == ck.Key && strings.EqualFold(run.GetApp().GetSlug()+"[bot]", author) {
			ours = append(ours, sticky{id: run.GetID(), url: run.GetHTMLURL(), author: author, marker: m, text: text})
		}
	}
	return ours, err
}
