package surface

import (
	"context"
	"fmt"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Issue stays open while gates are breached in runs that have no pull request.
type Issue struct {
	Forge interface {
		Issue(ctx context.Context, issue github.Issue) (github.Posted, error)
	}
	Run    run
	Target string // the target's name
}

// Name implements Surface.
func (Issue) Name() string { return "issue" }

// Deliver implements Surface. A run in which dbt failed has checked only some of the
// gates: it opens an issue, but closes none.
func (i Issue) Deliver(ctx context.Context, r report.Report, links Links) (Links, error) {
	breached := slices.ContainsFunc(r.Gates, func(g report.Gate) bool { return g.Severity != tally.SeverityWarn })
	if !breached && r.Status != report.Success {
		return links, nil
	}
	issue := github.Issue{
		Key: i.Run.Key, RunID: i.Run.ID, RunAttempt: i.Run.Attempt, Breached: breached,
		Title: fmt.Sprintf("dbt-tally: gates breached on %s", i.Target),
		Body:  fmt.Sprintf("No gate is breached any more: [run](%s).", i.Run.URL),
	}
	if breached {
		body, err := markdown.Comment(r, i.Run.URL)
		if err != nil {
			return links, err
		}
		issue.Body = body
	}
	_, err := i.Forge.Issue(ctx, issue)
	return links, err
}
