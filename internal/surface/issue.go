package surface

import (
	"context"
	"fmt"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Issue is the issue for runs that have no pull request. It stays open while there is
// something to report.
type Issue struct {
	Forge interface {
		Issue(ctx context.Context, issue forge.Issue) (forge.Posted, error)
	}
	Run    run
	When   config.When // with Problems, only gates of severity error count
	Target string      // the target's name
}

// Name implements Surface.
func (Issue) Name() string { return "issue" }

// Deliver implements Surface. A run in which dbt failed has checked only some of the
// gates: it opens an issue, but closes none.
func (i Issue) Deliver(ctx context.Context, r report.Report, links Links) (Links, error) {
	breached := len(r.GatesUnchecked) > 0 ||
		slices.ContainsFunc(r.Gates, func(g report.Gate) bool { return g.Severity != tally.SeverityWarn })
	open := breached || i.When != config.Problems && deserves(i.When, r)
	if !open && r.Status != report.Success {
		return links, nil
	}
	issue := forge.Issue{
		Key: i.Run.Key, RunID: i.Run.ID, RunAttempt: i.Run.Attempt, Breached: open,
		Title: fmt.Sprintf("dbt-tally: gates breached on %s", i.Target),
		Body:  fmt.Sprintf("No gate is breached any more: [run](%s).", i.Run.URL),
	}
	if i.When != config.Problems {
		issue.Title = fmt.Sprintf("dbt-tally: row counts on %s", i.Target)
		issue.Body = fmt.Sprintf("Nothing left to report: [run](%s).", i.Run.URL)
	}
	if open {
		body, err := markdown.Comment(r, markdown.Links{Run: i.Run.URL, Report: i.Run.Report})
		if err != nil {
			return links, err
		}
		issue.Body = body
	}
	_, err := i.Forge.Issue(ctx, issue)
	return links, err
}
