package app

import (
	"context"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
)

// report reports on an invocation that already ran: the one that the user names, or
// the one in run_results.json. dbt's own results come from its artifacts, as far as
// they still belong to that invocation, and the rows from the warehouse. A dbt that
// failed has failed its own step: it does not fail this one again.
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
