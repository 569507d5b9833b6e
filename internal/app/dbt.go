package app

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// dbt runs the dbt commands with the audit hooks, reports, and passes on dbt's exit code.
func (c Command) dbt(ctx context.Context, cfg config.Config, con console) (status int) {
	s, err := c.start(ctx, cfg, con)
	if err != nil {
		return con.refuse(err)
	}
	defer s.close()
	invocations := c.deps(ctx, s, con)
	prepared := audit.Skip(s.audit)
	if exitCode(invocations) == 0 {
		if s.audit.Audits() {
			con.progress("preparing the audit table %s", cfg.Audit.Table)
		}
		end := con.working("preparing the audit table")
		prepared = audit.Prepare(ctx, s.audit)
		end()
	}
	con.problems(prepared.Problems, cfg.Audit.Failure == config.Fail)
	if prepared.NoBaseline != "" {
		return con.refuse(errors.Join(errors.New(prepared.NoBaseline), prepared.Close()))
	}
	if exitCode(invocations) == 0 && (cfg.Audit.Failure != config.Fail || !prepared.Failed()) {
		invocations = append(invocations, c.invoke(ctx, s, prepared.Hooks, con)...)
	}

	status = exitCode(invocations)
	if status == ExitOK && gated(cfg.Limits, nil) {
		status = ExitGateBreached // until the gates are checked
	}
	defer survive(prepared, con)
	made := c.reportOn(ctx, s, prepared, invocations, con)
	return c.deliver(ctx, s, made, con)
}

// survive removes the macros and reports a panic after dbt has ended, so that dbt's exit
// code is passed on nevertheless.
func survive(prepared audit.Prepared, con console) {
	if defect := recover(); defect != nil {
		con.error(fmt.Sprintf("a defect of dbt-tally: %v; report it at %s", defect, docs.NewIssue))
		_ = prepared.Close() // the defect is the more useful error
	}
}

// deps installs the packages that the project declares and lacks. It returns the
// invocation only if it failed, because a successful one builds nothing to report.
func (c Command) deps(ctx context.Context, s start, con console) []dbt.Invocation {
	if s.dbt.err != nil {
		inv := c.notStarted(s.job.Commands[0], s.dbt.err, con)
		inv.Interrupted = ctx.Err() != nil // while the requirements were installed
		return []dbt.Invocation{inv}
	}
	if !s.job.Config.InstallDeps || !s.job.Project.DeclaresPackages {
		return nil
	}
	if _, err := os.Stat(s.job.Project.PackagesPath); err == nil {
		return nil
	}
	end := con.system.section("dbt deps")
	defer end()
	inv := c.invokeOne(ctx, s, s.job.Commands[0].Like("deps"), dbt.Hooks{}, con)
	if inv.ExitCode == 0 {
		return nil
	}
	return []dbt.Invocation{inv}
}

// invoke runs the dbt commands in order, up to the first that fails.
func (c Command) invoke(ctx context.Context, s start, hooks dbt.Hooks, con console) []dbt.Invocation {
	var invocations []dbt.Invocation
	for _, command := range s.job.Commands {
		inv := c.invokeOne(ctx, s, command, hooks, con)
		invocations = append(invocations, inv)
		if inv.ExitCode != 0 || inv.Interrupted {
			break
		}
	}
	return invocations
}

// invokeOne runs one command. Until it ends, the runner ignores workflow commands in the
// log, because dbt's output may look like one.
func (c Command) invokeOne(
	ctx context.Context, s start, command dbt.Command, hooks dbt.Hooks, con console,
) dbt.Invocation {
	resume := con.system.plain()
	cli, flush := con.unmasked(s.dbt.cli)
	inv, err := cli.Invoke(ctx, command, hooks, s.dbt.version)
	flush()
	resume()
	if err != nil {
		return c.notStarted(command, err, con)
	}
	return inv
}

// notStarted returns the invocation of a command that could not be started.
func (c Command) notStarted(command dbt.Command, err error, con console) dbt.Invocation {
	con.error(err.Error())
	now := c.Now()
	return dbt.Invocation{
		Command: command, StartedAt: now, CompletedAt: now,
		ExitCode: dbt.ExitCouldNotRun, Error: err.Error(),
	}
}
