package surface

import (
	"context"
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

// Check is the check run that reflects only the gates.
type Check struct {
	Forge interface {
		Check(ctx context.Context, check forge.Check) (forge.Posted, error)
	}
	PullRequest *pullRequest // without this pull request no check run is created; nil: none is needed
	Run         run
	When        config.When
	Text        func(report.Report) (string, error)
}

// Name implements Surface.
func (Check) Name() string { return "check run" }

// Deliver implements Surface.
func (c Check) Deliver(ctx context.Context, r report.Report, links Links) (Links, error) {
	if c.Run.Commit == "" {
		return links, errNoCommit
	}
	if c.PullRequest != nil {
		if _, err := c.PullRequest.get(ctx); err != nil {
			return links, err
		}
	}
	verdict, why := report.Judge(r)
	text, err := c.Text(r)
	if err != nil {
		return links, err
	}
	name := "dbt-tally"
	if c.Run.Key != config.DefaultKey {
		name = fmt.Sprintf("dbt-tally (%s)", c.Run.Key)
	}
	_, err = c.Forge.Check(ctx, forge.Check{
		Commit: c.Run.Commit, Name: name, Key: c.Run.Key, RunID: c.Run.ID, RunAttempt: c.Run.Attempt,
		Conclusion: string(verdict), Title: why, Summary: text, URL: c.Run.URL,
		OnlyUpdate: !deserves(c.When, r),
	})
	return links, err
}
