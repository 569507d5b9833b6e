package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/profile"
	"github.com/dbt-tally/dbt-tally/internal/runner"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// story is one run of dbt-tally: what is known so far, filled in as it goes.
type story struct {
	Command
	actions *runner.Runner
	cfg     config.Config
	event   runner.Event
	dbt     []dbt.Command // completed with what the inputs say
	cli     dbt.CLI
	version dbt.Version
	noDBT   error // why there is no dbt to run

	environment dbt.Environment // of requirements, the zero value without

	project    profile.Project
	connection profile.Connection
	redact     redactor
	reportDir  string

	table    auditTable // nil where nothing is audited
	hooks    dbt.Hooks
	macros   dbt.Macros
	relation string   // the audit table as the warehouse writes it
	silent   string   // why no model can leave an audit row, "" when they can
	problems []string // what went wrong with auditing
	badGates bool     // a model's gates could not be read
}

// run runs dbt with its hooks and reports.
func (r *story) run(ctx context.Context) int {
	invocations := r.deps(ctx)
	if !failed(invocations) {
		r.prepare(ctx)
	}
	if !failed(invocations) && !r.blocked() {
		invocations = append(invocations, r.runCommands(ctx)...)
	}

	// From here on nothing is cut short by the interrupt that ended dbt.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.patience(ctx))
	defer cancel()
	made := r.makeReport(ctx, invocations)
	r.removeMacros()
	return r.deliver(ctx, made)
}

// setUp finds out where we are, which project this is and how its warehouse is
// reached. Nothing is written but a proof that the report can be, and no dbt
// command is run. An error is a mistake in the inputs; a connection that can't be
// told is not: dbt will say what it thinks of it.
func (r *story) setUp(ctx context.Context) error {
	var err, eventErr error
	if r.actions.Active() {
		r.event, eventErr = r.actions.Event()
	}
	if r.dbt, err = r.commands(); err != nil {
		return errors.Join(eventErr, err)
	}
	options, err := r.profileOptions()
	if err != nil {
		return errors.Join(eventErr, err)
	}
	if r.project, err = profile.LoadProject(options); err != nil {
		return errors.Join(eventErr, err)
	}
	if path, given := r.dbt[0].Flag("--target-path"); given {
		r.project.TargetPath = absolute(r.project.Dir, path)
	}
	if eventErr != nil {
		return eventErr
	}
	if err := r.refuseStrangers(); err != nil {
		return err
	}
	if err := r.checkMeta(); err != nil {
		return err
	}
	if err := r.prepareReportDir(); err != nil {
		return err
	}
	r.cli = dbt.CLI{
		Executable: r.executable(),
		WorkDir:    r.Dir,
		Env:        r.Environ,
		ProjectDir: r.project.Dir,
		TargetPath: r.project.TargetPath,
		LogFile:    filepath.Join(r.project.LogPath, "dbt.log"),
		Stdout:     r.Stdout,
		Stderr:     r.Stderr,
		Kill:       r.Kill,
		Now:        r.Now,
	}
	r.findDBT(ctx)
	options.DotEnv = r.version.AtLeast(1, 12)
	r.connect(options)
	r.findDBTForProfile(ctx)
	return nil
}

// findDBT finds out which dbt there is to run and, where the user asked for
// another, brings that first.
func (r *story) findDBT(ctx context.Context) {
	if len(r.cfg.Requirements) > 0 {
		end := r.actions.Group("uv pip install")
		r.environment, r.noDBT = dbt.Requirements{
			Lines: r.cfg.Requirements, Dir: dbt.RequirementsDir(r.lookupEnv), UV: "uv", Env: r.Environ, Output: r.Stdout,
		}.Install(ctx)
		end()
		if r.noDBT != nil {
			return
		}
		r.cli.Executable = r.environment.Executable
	}
	r.version, r.noDBT = r.cli.DetectVersion(ctx)
}

// findDBTForProfile takes the dbt that is there for this type of profile alone,
// as our image has one for MySQL, unless the user named a dbt.
func (r *story) findDBTForProfile(ctx context.Context) {
	own := dbt.ForProfile(r.connection.Type)
	if own == "dbt" || r.cfg.DBTExecutable != "dbt" || len(r.cfg.Requirements) > 0 {
		return
	}
	r.cli.Executable = own
	r.version, r.noDBT = r.cli.DetectVersion(ctx)
}

// checkMeta tells the gates in the project's YAML that make no sense, before
// anything is built on them.
func (r *story) checkMeta() error {
	var problems []error
	for _, meta := range r.project.TallyMeta() {
		if _, _, err := tally.ParseMeta(meta.Value, r.cfg.Limits); err != nil {
			for problem := range strings.Lines(err.Error()) {
				problems = append(problems, fmt.Errorf("%s in %s: %s", meta.Of, meta.File, strings.TrimSpace(problem)))
			}
		}
	}
	return errors.Join(problems...)
}

// profileOptions are what dbt will be told, to resolve the connection as it does.
func (r *story) profileOptions() (profile.Options, error) {
	first := r.dbt[0]
	flag := func(names ...string) string {
		value, _ := first.Flag(names...)
		return value
	}
	vars, err := profile.ParseVars(flag("--vars"))
	return profile.Options{
		ProjectDir:  flag("--project-dir"),
		ProfilesDir: flag("--profiles-dir"),
		Profile:     flag("--profile"),
		Target:      flag("--target", "-t"),
		Vars:        vars,
		WorkDir:     r.Dir,
		HomeDir:     r.getenv("HOME"),
		LookupEnv:   r.lookupEnv,
	}, err
}

// connect resolves the connection. What can't be resolved turns auditing off.
func (r *story) connect(options profile.Options) {
	var err error
	r.connection, err = profile.Resolve(options, r.project)
	r.redact = newRedactor(append(r.connection.Secrets, r.cfg.GitHubToken))
	r.actions.Mask(append(r.connection.Secrets, r.cfg.GitHubToken))
	if err != nil && r.cfg.Hooks != config.Off {
		r.auditOff("the connection could not be read: " + err.Error())
	}
}

// executable is the dbt to run; a path is relative to the working folder.
func (r *story) executable() string {
	name := r.cfg.DBTExecutable
	if filepath.Base(name) == name {
		return name
	}
	return absolute(r.Dir, name)
}

func absolute(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// prepareReportDir makes sure that the report can be written before anything runs.
func (r *story) prepareReportDir() error {
	r.reportDir = r.cfg.ReportDir
	if r.reportDir == "" {
		r.reportDir = filepath.Join(r.project.TargetPath, "dbt-tally")
	}
	r.reportDir = absolute(r.Dir, r.reportDir)
	return makeWritable(r.reportDir)
}
