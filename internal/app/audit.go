package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/runner"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// prepareTimeout bounds the preflight; through dbt it takes a whole start of dbt.
const prepareTimeout = 5 * time.Minute

// prepare makes the audit table and the hooks ready. Where that fails, dbt runs
// without them (or, under audit-failure: fail, not at all).
func (r *story) prepare(ctx context.Context) {
	switch {
	case r.silent != "":
		return // the connection could not be read, and that was said
	case r.cfg.Hooks == config.Off:
		r.silent = "the audit hooks are off"
		return
	case !slices.ContainsFunc(r.dbt, dbt.Command.Builds):
		r.silent = "no command of this run builds anything"
		return
	}
	if err := r.installMacros(); err != nil {
		r.auditOff(err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	table, err := r.openTable()
	if err != nil {
		r.auditOff(err.Error())
		return
	}
	prepared, err := table.Prepare(ctx)
	if r.cfg.Hooks == config.Project && errors.Is(err, warehouse.ErrNoTable) {
		r.table = table // an on-run-start hook of the project may make it
		return
	}
	if err != nil {
		r.auditOff(err.Error())
		return
	}
	r.table, r.relation = table, prepared.Relation
	for _, problem := range prepared.Problems {
		r.problem(problem)
	}
	if r.cfg.Hooks == config.Inject {
		r.hooks = dbt.Hooks{
			Relation:   prepared.Relation,
			FourOnly:   !slices.Contains(prepared.Columns, "node_id"),
			CountViews: r.cfg.CountViews,
		}
	}
}

// open reaches an audit table that is there already, for what runs no dbt command.
func (r *story) open(ctx context.Context) {
	if r.silent != "" {
		return // the connection could not be read, and that was said
	}
	if !warehouse.Direct(r.connection.Type) {
		macros, err := dbt.InstallMacros(r.project.MacroPaths, r.project.PackagesPath, dbt.OperationMacros)
		if err != nil {
			r.auditOff(err.Error())
			return
		}
		r.macros = macros
	}
	table, err := r.openTable()
	if err != nil {
		r.auditOff(err.Error())
		return
	}
	r.table = table
}

// installMacros brings the macros along that this run needs.
func (r *story) installMacros() error {
	var set dbt.MacroSet
	if r.cfg.Hooks == config.Inject {
		set |= dbt.HookMacros
	}
	if !warehouse.Direct(r.connection.Type) {
		set |= dbt.OperationMacros
	}
	if set == 0 {
		return nil
	}
	macros, err := dbt.InstallMacros(r.project.MacroPaths, r.project.PackagesPath, set)
	if err != nil {
		return err
	}
	r.macros = macros
	if !macros.Called {
		r.problem(fmt.Sprintf("the project defines run_hooks itself, in %s; add {%% do dbt_tally_before(inside_transaction) if dbt_tally_before is defined %%} as its first line and {%% do dbt_tally_after(inside_transaction) if dbt_tally_after is defined %%} as its last; see docs/audit-table.md", macros.RunHooksIn))
		r.silent = "the project's own run_hooks does not call the audit hooks"
	}
	return nil
}

func (r *story) removeMacros() {
	if err := r.macros.Remove(); err != nil {
		r.tell(r.actions, runner.Warning, err.Error())
	}
}

func (r *story) openTable() (auditTable, error) {
	table := warehouse.Table{Database: r.cfg.Audit.Database, Schema: r.cfg.Audit.Schema, Name: r.cfg.Audit.Table}
	access := warehouse.Read
	if r.cfg.Hooks == config.Inject {
		access = warehouse.Write
	}
	return warehouse.Open(warehouse.Options{
		Target:      r.target(),
		Table:       table,
		Access:      access,
		Operator:    dbt.Operator{CLI: r.cli, Version: r.version, Like: r.dbt[0]},
		Application: "dbt-tally/" + r.Version,
	})
}

// target is the chosen output of the profile.
func (r *story) target() warehouse.Target {
	return warehouse.Target{Type: r.connection.Type, Settings: r.connection.Settings, Dir: r.Dir}
}

// finished asks the warehouse, once dbt has ended.
func (r *story) finished(ctx context.Context, invocations []dbt.Invocation) warehouse.Finished {
	f := r.finish(invocations)
	if r.table == nil || len(f.Invocations) == 0 {
		return warehouse.Finished{}
	}
	done, err := r.table.Finish(ctx, f)
	for _, problem := range done.Problems {
		r.problem(problem)
	}
	if err != nil {
		r.auditOff("the audit rows could not be read: " + err.Error())
	}
	return done
}

// auditOff notes that nothing is audited, and why.
func (r *story) auditOff(why string) {
	r.silent = "auditing did not work (the reason is above)"
	r.problem(why)
}

// problem notes what is wrong with auditing, in the report and at once.
func (r *story) problem(text string) {
	text = r.redact.text(text)
	r.problems = append(r.problems, text)
	level := runner.Warning
	if r.cfg.Audit.MustWork {
		level = runner.Error
	}
	r.tell(r.actions, level, text)
}

// blocked says that dbt must not be run: auditing can't work and has to.
func (r *story) blocked() bool {
	return r.cfg.Audit.MustWork && r.auditFailed()
}

// auditFailed says whether auditing itself went wrong. Remarks on a table that
// could be used are no failure.
func (r *story) auditFailed() bool {
	return len(r.problems) > 0 && r.silent != ""
}
