package app

import (
	"context"
	"fmt"
	"time"

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
		con.progress("deleted %d rows", deleted)
	})
	end()
	verb := "deleted"
	if cfg.DryRun {
		verb = "would delete"
	}
	con.line("%s %d audit rows and %d runs older than %s", verb, pruned.AuditRows, pruned.Runs, age(cfg.OlderThan))
	if err != nil {
		con.error(err.Error())
		return ExitAuditFailed
	}
	return ExitOK
}

// age writes an age as the user does: 10d, or 36h if it is not a number of days.
func age(d time.Duration) string {
	if day := 24 * time.Hour; d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}
