package app

import (
	"cmp"
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
func (s *story) prepare(ctx context.Context) {
	switch {
	case s.silent != "":
		return // the connection could not be read, and that was said
	case s.cfg.Hooks == config.Off:
		s.silent = "the audit hooks are off"
		return
	case !slices.ContainsFunc(s.dbt, dbt.Command.Builds):
		s.silent = "no command of this run builds anything"
		return
	}
	if err := s.installMacros(); err != nil {
		s.auditOff(err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	table, err := s.openTable()
	if err != nil {
		s.auditOff(err.Error())
		return
	}
	prepared, err := table.Prepare(ctx)
	if s.cfg.Hooks == config.Project && errors.Is(err, warehouse.ErrNoTable) {
		s.table = table // an on-run-start hook of the project may make it
		return
	}
	if err != nil {
		s.auditOff(err.Error())
		return
	}
	s.table, s.relation = table, prepared.Relation
	for _, problem := range prepared.Problems {
		s.problem(problem)
	}
	if s.cfg.Hooks == config.Inject {
		s.hooks = dbt.Hooks{
			Relation:   prepared.Relation,
			Guard:      prepared.Guard,
			FourOnly:   !slices.Contains(prepared.Columns, "node_id"),
			CountViews: s.cfg.CountViews,
		}
	}
}

// open reaches an audit table that is there already, for what runs no dbt command.
func (s *story) open(ctx context.Context) {
	if s.silent != "" {
		return // the connection could not be read, and that was said
	}
	if operations := warehouse.Operations(s.connection.Type); operations != "" {
		macros, err := dbt.InstallMacros(s.project.MacroPaths, s.project.PackagesPath, dbt.MacroSet{Operations: operations})
		if err != nil {
			s.auditOff(err.Error())
			return
		}
		s.macros = macros
	}
	table, err := s.openTable()
	if err != nil {
		s.auditOff(err.Error())
		return
	}
	s.table = table
}

// installMacros brings the macros along that this run needs.
func (s *story) installMacros() error {
	set := dbt.MacroSet{
		Hooks:      s.cfg.Hooks == config.Inject,
		Operations: warehouse.Operations(s.connection.Type),
	}
	if set == (dbt.MacroSet{}) {
		return nil
	}
	macros, err := dbt.InstallMacros(s.project.MacroPaths, s.project.PackagesPath, set)
	if err != nil {
		return err
	}
	s.macros = macros
	if !macros.Called {
		s.problem(fmt.Sprintf("the project defines run_hooks itself, in %s; add {%% do dbt_tally_before(inside_transaction) if dbt_tally_before is defined %%} as its first line and {%% do dbt_tally_after(inside_transaction) if dbt_tally_after is defined %%} as its last; see docs/audit-table.md", macros.RunHooksIn))
		s.silent = "the project's own run_hooks does not call the audit hooks"
	}
	return nil
}

func (s *story) removeMacros() {
	if err := s.macros.Remove(); err != nil {
		s.tell(s.actions, runner.Warning, err.Error())
	}
}

func (s *story) openTable() (auditTable, error) {
	table := warehouse.Table{Database: s.cfg.Audit.Database, Schema: s.cfg.Audit.Schema, Name: s.cfg.Audit.Table}
	access := warehouse.Read
	if s.cfg.Hooks == config.Inject {
		access = warehouse.Write
	}
	return warehouse.Open(warehouse.Options{
		Target:      s.target(),
		Renew:       s.renewed,
		Table:       table,
		Access:      access,
		Operator:    dbt.Operator{CLI: s.cli, Version: s.version, Like: s.dbt[0]},
		Application: "dbt-tally/" + s.Version,
		Unattended:  s.actions.Active(),
		ScratchDir:  s.cli.ScratchDir,
	})
}

// target is the chosen output of the profile.
func (s *story) target() warehouse.Target {
	return warehouse.Target{Type: s.connection.Type, Settings: s.connection.Settings, Dir: s.Dir, Quoted: s.project.Quoted}
}

// renewed is the target as the profile has it now: a password that is a token
// may have been replaced since dbt started. Where the profile can't be read any
// more, the target is as it was.
func (s *story) renewed() warehouse.Target {
	if connection, err := s.resolve(); err == nil {
		s.keepSecret(connection.Secrets...)
		s.connection.Settings = connection.Settings
	}
	return s.target()
}

// finished asks the warehouse, once dbt has ended.
func (s *story) finished(ctx context.Context, invocations []dbt.Invocation) warehouse.Finished {
	f := s.finish(invocations)
	if s.table == nil || len(f.Invocations) == 0 {
		return warehouse.Finished{}
	}
	done, err := s.table.Finish(ctx, f)
	s.relation = cmp.Or(done.Relation, s.relation)
	for _, problem := range done.Problems {
		s.problem(problem)
	}
	if err != nil {
		s.auditOff("the audit rows could not be read: " + err.Error())
	}
	return done
}

// auditOff notes that nothing is audited, and why.
func (s *story) auditOff(why string) {
	s.silent = "auditing did not work (the reason is above)"
	s.problem(why)
}

// problem notes what is wrong with auditing, in the report and at once.
func (s *story) problem(text string) {
	text = s.redact.text(text)
	s.problems = append(s.problems, text)
	level := runner.Warning
	if s.cfg.Audit.MustWork {
		level = runner.Error
	}
	s.tell(s.actions, level, text)
}

// blocked says that dbt must not be run: auditing can't work and has to.
func (s *story) blocked() bool {
	return s.cfg.Audit.MustWork && s.auditFailed()
}

// auditFailed says whether auditing itself went wrong. Remarks on a table that
// could be used are no failure.
func (s *story) auditFailed() bool {
	return len(s.problems) > 0 && s.silent != ""
}
