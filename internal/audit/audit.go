// Package audit prepares the audit table and the hooks before dbt starts, and collects the
// audit rows and the history after dbt has ended. It leaves the interpretation of the rows
// to package tally.
package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// prepareTimeout limits Prepare, which needs a complete start of dbt for some warehouses.
const prepareTimeout = 5 * time.Minute

// Settings select the audit table of a job and how to reach it.
type Settings struct {
	Job        job.Job
	Connection job.Connection
	DBT        dbt.CLI
	Version    dbt.Version
	Program    string // dbt-tally's own version
	Unattended bool   // no person can use a browser or confirm a second factor
	Now        func() time.Time
	LockWait   time.Duration // as in [warehouse.Options]
}

// Prepared is the state of auditing when dbt starts.
type Prepared struct {
	Hooks    dbt.Hooks // the zero value disables the hooks
	Relation string    // the audit table, quoted for SQL; "" if it is unknown
	Off      string    // the reason why no audit rows can be written; "" if they can
	Problems []string  // without secrets
	OwnHooks []string  // packages whose models do not call the hooks

	Uncaptured string // the reason why the hooks cannot store what a model wrote; "" if they can
	// NoBaseline is the mistake in the input baseline: a run or a branch that does not exist,
	// and that dbt must not run without. "" if there is none.
	NoBaseline string

	Took time.Duration // by Prepare

	settings Settings
	macros   dbt.Macros
	store    *warehouse.Store // nil if nothing is audited
	fellBack bool             // the audit table is in the target's schema
}

// Audits reports whether Prepare will connect to the warehouse.
func (s Settings) Audits() bool {
	return s.Connection.Err == nil && s.Job.Config.Hooks != config.Off &&
		slices.ContainsFunc(s.Job.Commands, dbt.Command.Builds)
}

// Prepare prepares the audit table and the hooks. If that fails, Off contains the
// reason and dbt can still run without them. The caller closes the result.
func Prepare(ctx context.Context, s Settings) Prepared {
	began := s.Now()
	p := prepare(ctx, s)
	p.Took = s.Now().Sub(began)
	return p
}

func prepare(ctx context.Context, s Settings) Prepared {
	p := Skip(s)
	switch {
	case p.Off != "":
		return p
	case s.Job.Config.Hooks == config.Off:
		p.Off = "the audit hooks are off"
		return p.withoutMacros()
	case !slices.ContainsFunc(s.Job.Commands, dbt.Command.Builds):
		p.Off = "no command of this run builds anything"
		return p.withoutMacros()
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	if err := p.openStore(ctx, p.settings.Job.Config.Audit.Table); err != nil {
		return p.failed(errors.Join(err, dbt.RemoveLeftOver(p.settings.Job.Project.MacroPaths)))
	}
	if err := p.installMacros(); err != nil {
		return p.withTable(warehouse.Prepared{}, err)
	}
	table, err := p.store.Prepare(ctx)
	if errors.Is(err, warehouse.ErrNoSchema) && s.Job.Config.Audit.Fallback {
		table, err = p.prepareInTarget(ctx, err)
	}
	return p.withTable(table, err)
}

// prepareInTarget prepares the audit table in the target's schema, because the
// schema of the default table could not be created.
func (p *Prepared) prepareInTarget(ctx context.Context, why error) (warehouse.Prepared, error) {
	if err := p.fallBack(ctx); err != nil {
		return warehouse.Prepared{}, errors.Join(why, err)
	}
	table, err := p.store.Prepare(ctx)
	if err != nil {
		return warehouse.Prepared{}, errors.Join(why, err)
	}
	p.problem(fmt.Sprintf("%v; the audit table is in the target's schema instead and will be dropped together with it; "+
		"create the schema, or set audit-table; see %s", why, docs.AuditTable))
	return table, nil
}

// withTable configures the hooks for a table that is ready.
func (p Prepared) withTable(table warehouse.Prepared, err error) Prepared {
	hooks := p.settings.Job.Config.Hooks
	if hooks == config.Project && errors.Is(err, warehouse.ErrNoTable) {
		return p // an on-run-start hook of the project may create it
	}
	if err != nil {
		closed := p.store.Close()
		p.store = nil
		return p.failed(errors.Join(err, closed))
	}
	p.Relation = table.Relation
	if table.NotFound != nil && p.settings.needsBaseline() {
		p.NoBaseline = p.settings.Job.Secrets.Redact(table.NotFound.Error())
	}
	for _, problem := range table.Problems {
		p.problem(problem)
	}
	if hooks == config.Inject {
		var columns dbt.Columns
		columns, p.Uncaptured = hookColumns(table)
		p.Hooks = dbt.Hooks{
			Relation:   table.Relation,
			Guard:      table.Guard,
			Columns:    columns,
			CountViews: p.settings.Job.Config.CountViews,
			CountExact: p.settings.Job.Config.CountExact,

			ChangeColumn: p.settings.Job.Config.ChangeColumn,
		}
	}
	return p
}

// Skip returns the state for a run that failed before auditing could be prepared.
func Skip(s Settings) Prepared {
	p := Prepared{settings: s}
	if err := s.Connection.Err; err != nil && s.Job.Config.Hooks != config.Off {
		return p.failed(fmt.Errorf("the connection could not be read: %s", strings.ReplaceAll(err.Error(), "\n", "; ")))
	}
	return p
}

// Open opens an existing audit table for a run that starts no dbt command. The caller closes
// the result.
func Open(ctx context.Context, s Settings) Prepared {
	p := Skip(s)
	if p.Off != "" {
		return p
	}
	if err := p.openStore(ctx, s.Job.Config.Audit.Table); err != nil {
		return p.failed(err)
	}
	if operations := p.store.Operations(); operations != "" {
		if err := p.install(dbt.MacroSet{Operations: operations}); err != nil {
			return p.failed(err)
		}
	}
	return p
}

// Failed reports whether auditing itself failed. Problems with a table that can be used are
// not a failure.
func (p Prepared) Failed() bool { return len(p.Problems) > 0 && p.Off != "" }

// Close removes the macros and ends the connection. It may be called more than once.
func (p Prepared) Close() error {
	err := p.macros.Remove()
	if p.store != nil {
		err = errors.Join(err, p.store.Close())
	}
	return err
}

// withoutMacros removes the macros of a killed run. It ignores errors, because the macros do
// nothing without an audit table.
func (p Prepared) withoutMacros() Prepared {
	_ = dbt.RemoveLeftOver(p.settings.Job.Project.MacroPaths)
	return p
}

// installMacros writes the macros that this run needs into the project.
func (p *Prepared) installMacros() error {
	set := dbt.MacroSet{
		Hooks:      p.settings.Job.Config.Hooks == config.Inject,
		Operations: p.store.Operations(),
	}
	if set == (dbt.MacroSet{}) {
		*p = p.withoutMacros()
		return nil
	}
	if err := p.install(set); err != nil {
		return err
	}
	if p.macros.Outdated {
		p.problem(p.macros.Path + " is of another version of dbt-tally; run dbt-tally install again; see " + docs.DBTCloud)
	}
	if !p.macros.Called {
		p.problem(dbt.AddToRunHooks(p.macros.RunHooksIn))
		p.Off = "the project's own run_hooks does not call the audit hooks"
	}
	return nil
}

func (p *Prepared) install(set dbt.MacroSet) (err error) {
	project := p.settings.Job.Project
	p.macros, err = dbt.InstallMacros(project.MacroPaths, project.PackagesPath, set)
	p.OwnHooks = p.macros.OwnHooks
	return err
}

// fallBack replaces the store by one for the same table in the target's schema.
func (p *Prepared) fallBack(ctx context.Context) error {
	if err := p.store.Close(); err != nil {
		return err
	}
	p.fellBack = true
	return p.openStore(ctx, config.Table{Name: p.settings.Job.Config.Audit.Table.Name})
}

// canFallBack reports whether the target's schema may be used after this error.
func (p Prepared) canFallBack(err error) bool {
	return errors.Is(err, warehouse.ErrNoTable) && p.settings.Job.Config.Audit.Fallback && !p.fellBack
}

func (p *Prepared) openStore(ctx context.Context, table config.Table) (err error) {
	s := p.settings
	access := warehouse.Read
	if s.Job.Config.Hooks == config.Inject {
		access = warehouse.Write
	}
	p.store, err = warehouse.Open(ctx, warehouse.Options{
		Target:      s.target(s.Connection.Settings),
		Renew:       func() warehouse.Target { return s.target(s.Connection.Renewed()) },
		Table:       warehouse.Table(table),
		Access:      access,
		Operator:    dbt.Operator{CLI: s.DBT, Version: s.Version, Like: s.Job.Commands[0]},
		Application: "dbt-tally/" + s.Program,
		Unattended:  s.Unattended,
		LockWait:    s.LockWait,
		History:     s.historyQuery(s.Now()),
		Python:      s.python(),
		Environ:     s.DBT.Env,
	})
	return err
}

// python returns the interpreter that runs dbt, or nil for dbt v2, which is not a Python
// program.
func (s Settings) python() []string {
	if s.Version.Rust {
		return nil
	}
	return dbt.Python(s.DBT)
}

// target returns the chosen output of the profile with these settings.
func (s Settings) target(settings map[string]any) warehouse.Target {
	return warehouse.Target{
		Type: s.Connection.Type, Settings: settings, Dir: s.Job.Dir, Quoted: s.Job.Project.Quoted,
	}
}

// Location returns the database and the schema in which dbt builds, each "" if unknown.
func (s Settings) Location() (database, schema string) {
	target := s.target(s.Connection.Settings)
	return target.Database(), target.Schema()
}

// failed records why nothing is audited.
func (p Prepared) failed(why error) Prepared {
	p.Off = didNotWork
	p.problem(why.Error())
	return p
}

const didNotWork = "auditing did not work"

func (p *Prepared) problem(text string) {
	p.Problems = append(p.Problems, p.settings.Job.Secrets.Redact(text))
}
