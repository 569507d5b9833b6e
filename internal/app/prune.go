package app

import (
	"context"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/config"
)

// prune deletes audit rows that are older than the user's limit.
func (c Command) prune(ctx context.Context, cfg config.Config, con console) int {
	s, err := c.start(ctx, cfg, con)
	if err != nil {
		return con.refuse(err)
	}
	defer s.close()
	opened := audit.Open(ctx, s.audit)
	con.problems(opened.Problems, true)
	defer func() {
		if err := opened.Close(); err != nil {
			con.warn(err.Error())
		}
	}()
	if opened.Failed() {
		return ExitAuditFailed
	}
	end := con.working("looking for old rows")
	pruned, err := opened.Prune(ctx, c.Now().Add(-cfg.OlderThan), func(deleted int64) {
		con.line("deleted %d rows", deleted)
	})
	end()
	verb := "deleted"
	if cfg.DryRun {
		verb = "would delete"
	}
	con.line("%s %d audit rows and %d runs older than %s", verb, pruned.AuditRows, pruned.Runs, cfg.OlderThan)
	if err != nil {
		con.error(err.Error())
		return ExitAuditFailed
	}
	return ExitOK
}
