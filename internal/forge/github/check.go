package github

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-github/v60/github"

	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// Check ensures that the commit has a check run of this name and key with this conclusion
// or with that of a newer run.
//
// It finds the check run by the marker in the first line of its summary, by its app and
// by its key, so a job with the same name is left alone. It updates the check run in
// place. GitHub cannot delete check runs: if two jobs create one at the same time, both
// stay, and GitHub uses the later one.
//
// A create is never retried, as in Client.Comment. The error is a *forge.Error or the
// context's.
func (c *Client) Check(ctx context.Context, ck forge.Check) (forge.Posted, error) {
	about := fmt.Sprintf("check run on %s/%s@%.7s", c.owner, c.repo, ck.Commit)
	return forge.Within(ctx, about, checksWrite.advice(), func(ctx context.Context) (forge.Posted, error) {
		return c.check(ctx, ck)
	})
}

func (c *Client) check(ctx context.Context, ck forge.Check) (forge.Posted, error) {
	m := forge.Marker{Key: ck.Key, RunID: ck.RunID, RunAttempt: ck.RunAttempt}
	output := &github.CheckRunOutput{Title: &ck.Title, Summary: body(forge.Sticky{Marker: m, Text: ck.Summary})}
	found, err := c.checkRuns(ctx, ck, c.viewer(ctx))
	if err != nil {
		return forge.Posted{}, err
	}
	if len(found) == 0 && ck.OnlyUpdate {
		return forge.Posted{Outcome: forge.Absent}, nil
	}
	if len(found) == 0 {
		return c.createCheck(ctx, ck, output)
	}
	newest := slices.MaxFunc(found, forge.ByRun)
	if newest.Marker.Compare(m) > 0 {
		return forge.Posted{URL: newest.URL, Outcome: forge.Newer}, nil
	}
	err = c.send.Repeatedly(ctx, func(ctx context.Context) error {
		_, _, err := c.api.Checks.UpdateCheckRun(ctx, c.owner, c.repo, newest.ID, github.UpdateCheckRunOptions{
			Name: ck.Name, Status: github.String("completed"), Conclusion: &ck.Conclusion,
			DetailsURL: &ck.URL, Output: output,
		})
		return err
	})
	return forge.Posted{URL: newest.URL, Outcome: forge.Updated}, err
}

func (c *Client) createCheck(ctx context.Context, ck forge.Check, output *github.CheckRunOutput) (forge.Posted, error) {
	var created *github.CheckRun
	err := c.send.Once(ctx, func(ctx context.Context) (err error) {
		created, _, err = c.api.Checks.CreateCheckRun(ctx, c.owner, c.repo, github.CreateCheckRunOptions{
			Name: ck.Name, HeadSHA: ck.Commit, Status: github.String("completed"), Conclusion: &ck.Conclusion,
			DetailsURL: &ck.URL, Output: output,
		})
		return err
	})
	return forge.Posted{URL: created.GetHTMLURL(), Outcome: forge.Created}, err
}

// checkRuns returns the commit's check runs with this name and key that the author's app
// created. Without the filter GitHub would hide a check run behind a job with the same
// name.
func (c *Client) checkRuns(ctx context.Context, ck forge.Check, author string) ([]forge.Sticky, error) {
	all, err := pages(ctx, c, func(ctx context.Context, o listed) ([]*github.CheckRun, *response, error) {
		found, resp, err := c.api.Checks.ListCheckRunsForRef(ctx, c.owner, c.repo, ck.Commit, &github.ListCheckRunsOptions{
			CheckName: &ck.Name, Filter: github.String("all"), ListOptions: o,
		})
		if err != nil || found == nil { // a broken proxy may answer null
			return nil, resp, err
		}
		return found.CheckRuns, resp, nil
	})
	var ours []forge.Sticky
	for _, run := range all {
		m, text, ok := forge.Split(run.GetOutput().GetSummary())
		if ok && m.Key == ck.Key && strings.EqualFold(run.GetApp().GetSlug()+"[bot]", author) {
			ours = append(ours, forge.Sticky{
				ID: run.GetID(), URL: run.GetHTMLURL(), Author: author, Marker: m, Text: text,
			})
		}
	}
	return ours, err
}
