package app

import (
	"context"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
)

// report reports on an earlier invocation: the one that the user names, or the one in
// run_results.json. dbt's results come from its artifacts, if they still belong to that
// invocation, and the rows from the warehouse. A failed dbt does not fail this step,
// because it has already failed its own.
func (c Command) report(ctx context.Context, cfg config.Config, con console) int {
	s, err := c.start(ctx, cfg, con)
	if err != nil {
		return con.refuse(err)
	}
	defer s.close()
	inv, err := s.dbt.cli.Past(cfg.Invocation)
	if err != nil {
		return con.refuse(err)
	}
	opened := audit.Open(ctx, s.audit)
	con.problems(opened.Problems, cfg.Audit.Failure == config.Fail)
	made := c.reportOn(ctx, s, opened, []dbt.Invocation{inv}, con)
	return ownStatus(c.deliver(ctx, s, made, con))
}
