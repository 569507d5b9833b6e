package app

import (
	"context"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/runner"
)

// report reports on an invocation that already ran: the one that is named, or
// else the one in run_results.json. What dbt said of it comes from its artifacts
// as far as they are still this invocation's, the rows from the warehouse. A dbt
// that failed has failed its own step: it does not fail this one again.
func (s *story) report(ctx context.Context) int {
	inv, err := s.cli.Past(s.cfg.Invocation)
	if err != nil {
		return s.refuse(s.actions, err)
	}
	s.open(ctx)
	made := s.makeReport(ctx, []dbt.Invocation{inv})
	s.removeMacros()
	if code := s.deliver(ctx, made); code == ExitGateBreached || code == ExitAuditFailed {
		return code
	}
	return ExitOK
}

// prune deletes audit rows that are older than asked for.
func (s *story) prune(ctx context.Context) int {
	s.open(ctx)
	if s.table == nil {
		return ExitAuditFailed // and why was said
	}
	log, runs, err := s.table.Prune(ctx, s.Now().Add(-s.cfg.OlderThan), s.cfg.DryRun, func(deleted int64) {
		s.say("deleted %d rows", deleted)
	})
	verb := "deleted"
	if s.cfg.DryRun {
		verb = "would delete"
	}
	s.say("%s %d audit rows and %d runs older than %s", verb, log, runs, s.cfg.OlderThan)
	if err != nil {
		s.tell(s.actions, runner.Error, s.redact.text(err.Error()))
		return ExitAuditFailed
	}
	return ExitOK
}
