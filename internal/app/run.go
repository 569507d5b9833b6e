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
	installing  *float64        // seconds that it took, nil without

	project    profile.Project
	resolve    func() (profile.Connection, error) // reads the profile, anew each time
	connection profile.Connection
	secrets    []string // of the profile and the inputs, never to be shown
	redact     redactor
	reportDir  string

	table    auditTable // nil where nothing is audited
	hooks    dbt.Hooks
	macros   dbt.Macros
	relation string   // the audit table as the warehouse writes it
	silent   string   // why no model can leave an audit row, "" when they can
	problems []string // what went wrong with auditing
	badGates []string // why a model's gates could not be read
	readOnly bool     // it was said that the token of this pull request may not write
}

// run runs dbt with its hooks and reports.
func (s *story) run(ctx context.Context) int {
	invocations := s.deps(ctx)
	if !failed(invocations) {
		s.prepare(ctx)
	}
	if !failed(invocations) && !s.blocked() {
		invocations = append(invocations, s.runCommands(ctx)...)
	}

	// From here on nothing is cut short by the interrupt that ended dbt.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.patience(ctx))
	defer cancel()
	made := s.makeReport(ctx, invocations)
	s.removeMacros()
	return s.deliver(ctx, made)
}

// setUp finds out where we are, which project this is and how its warehouse is
// reached. Nothing is written but a proof that the report can be, and no dbt
// command is run. An error is a mistake in the inputs; a connection that can't be
// told is not: dbt will say what it thinks of it.
func (s *story) setUp(ctx context.Context) error {
	var err, eventErr error
	if s.actions.Active() {
		s.event, eventErr = s.actions.Event()
	}
	if s.dbt, err = s.commands(); err != nil {
		return errors.Join(eventErr, err)
	}
	options, err := s.profileOptions()
	if err != nil {
		return errors.Join(eventErr, err)
	}
	if s.project, err = profile.LoadProject(options); err != nil {
		return errors.Join(eventErr, err)
	}
	if path, given := s.dbt[0].Flag("--target-path"); given {
		s.project.TargetPath = absolute(s.project.Dir, path)
	}
	if eventErr != nil {
		return eventErr
	}
	if err := s.refuseStrangers(); err != nil {
		return err
	}
	if err := s.checkMeta(); err != nil {
		return err
	}
	if err := s.prepareReportDir(); err != nil {
		return err
	}
	s.cli = dbt.CLI{
		Executable: s.executable(),
		WorkDir:    s.Dir,
		Env:        s.Environ,
		ProjectDir: s.project.Dir,
		TargetPath: s.project.TargetPath,
		LogFile:    filepath.Join(s.project.LogPath, "dbt.log"),
		Stdout:     s.Stdout,
		Stderr:     s.Stderr,
		Kill:       s.Kill,
		Now:        s.Now,
	}
	s.findDBT(ctx)
	options.DotEnv = s.version.AtLeast(1, 12)
	s.connect(options)
	s.findDBTForProfile(ctx)
	return nil
}

// findDBT finds out which dbt there is to run and, where the user asked for
// another, brings that first.
func (s *story) findDBT(ctx context.Context) {
	if len(s.cfg.Requirements) > 0 {
		end, began := s.actions.Group("uv pip install"), s.Now()
		s.environment, s.noDBT = dbt.Requirements{
			Lines: s.cfg.Requirements, Dir: dbt.RequirementsDir(s.lookupEnv), UV: "uv", Env: s.Environ, Output: s.Stdout,
		}.Install(ctx)
		took := s.Now().Sub(began).Seconds()
		s.installing = &took
		end()
		if s.noDBT != nil {
			return
		}
		s.cli.Executable = s.environment.Executable
	}
	s.version, s.noDBT = s.cli.DetectVersion(ctx)
}

// findDBTForProfile takes the dbt that is there for this type of profile alone,
// as our image has one for MySQL, unless the user named a dbt.
func (s *story) findDBTForProfile(ctx context.Context) {
	own := dbt.ForProfile(s.connection.Type)
	if own == "dbt" || s.cfg.DBTExecutable != "dbt" || len(s.cfg.Requirements) > 0 {
		return
	}
	s.cli.Executable = own
	s.version, s.noDBT = s.cli.DetectVersion(ctx)
}

// checkMeta tells the gates in the project's YAML that make no sense, before
// anything is built on them.
func (s *story) checkMeta() error {
	var problems []error
	for _, meta := range s.project.TallyMeta() {
		if _, _, err := tally.ParseMeta(meta.Value, s.cfg.Limits); err != nil {
			for problem := range strings.Lines(err.Error()) {
				problems = append(problems, fmt.Errorf("%s in %s: %s", meta.Of, meta.File, strings.TrimSpace(problem)))
			}
		}
	}
	return errors.Join(problems...)
}

// profileOptions are what dbt will be told, to resolve the connection as it does.
func (s *story) profileOptions() (profile.Options, error) {
	first := s.dbt[0]
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
		WorkDir:     s.Dir,
		HomeDir:     s.getenv("HOME"),
		LookupEnv:   s.lookupEnv,
	}, err
}

// connect resolves the connection. What can't be resolved turns auditing off.
func (s *story) connect(options profile.Options) {
	s.resolve = func() (profile.Connection, error) { return profile.Resolve(options, s.project) }
	var err error
	s.connection, err = s.resolve()
	s.keepSecret(append(s.connection.Secrets, s.cfg.GitHubToken)...)
	if err != nil && s.cfg.Hooks != config.Off {
		s.auditOff("the connection could not be read: " + err.Error())
	}
}

// executable is the dbt to run; a path is relative to the working folder.
func (s *story) executable() string {
	name := s.cfg.DBTExecutable
	if filepath.Base(name) == name {
		return name
	}
	return absolute(s.Dir, name)
}

func absolute(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// prepareReportDir makes sure that the report can be written before anything runs.
func (s *story) prepareReportDir() error {
	s.reportDir = s.cfg.ReportDir
	if s.reportDir == "" {
		s.reportDir = filepath.Join(s.project.TargetPath, "dbt-tally")
	}
	s.reportDir = absolute(s.Dir, s.reportDir)
	return makeWritable(s.reportDir)
}
