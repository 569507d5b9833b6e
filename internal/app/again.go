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
func (r *story) report(ctx context.Context) int {
	inv, err := r.cli.Past(r.cfg.Invocation)
	if err != nil {
		return r.refuse(r.actions, err)
	}
	r.open(ctx)
	made := r.makeReport(ctx, []dbt.Invocation{inv})
	r.removeMacros()
	if code := r.deliver(ctx, made); code == ExitGateBreached || code == ExitAuditFailed {
		return code
	}
	return ExitOK
}

// prune deletes audit rows that are older than asked for.
func (r *story) prune(ctx context.Context) int {
	r.open(ctx)
	if r.table == nil {
		return ExitAuditFailed // and why was said
	}
	log, runs, err := r.table.Prune(ctx, r.Now().Add(-r.cfg.OlderThan), r.cfg.DryRun, func(deleted int64) {
		r.say("deleted %d rows", deleted)
	})
	verb := "deleted"
	if r.cfg.DryRun {
		verb = "would delete"
	}
	r.say("%s %d audit rows and %d runs older than %s", verb, log, runs, r.cfg.OlderThan)
	if err != nil {
		r.tell(r.actions, runner.Error, r.redact.text(err.Error()))
		return ExitAuditFailed
	}
	return ExitOK
}
