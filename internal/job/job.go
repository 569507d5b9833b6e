// Package job gathers what is known before dbt starts: the dbt commands, the project,
// the CI event, the directories, the secrets and, once the dbt is known, the
// connection. It runs no command and connects to nothing.
package job

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/profile"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// Surroundings contains what the process received when it was started.
type Surroundings struct {
	Dir       string // the working directory, absolute
	Checkout  string // the directory to which the CI system checked out; "" outside of CI
	LookupEnv func(name string) (value string, ok bool)
	Event     func() (ci.Event, error)
	Secrets   *Secrets
}

// Job describes one run of dbt-tally: its inputs, its project and its CI event. It is
// complete when New returns and does not change afterwards.
type Job struct {
	Config    config.Config
	Commands  []dbt.Command // at least one, completed from the inputs
	Project   profile.Project
	Event     ci.Event
	Checkout  workspace.Checkout
	Dir       string // the working directory, absolute
	ReportDir string // absolute; a test has shown that it is writable
	Secrets   *Secrets

	profile profile.Options
}

// New reads the project and validates everything that can be validated before dbt starts.
// It creates only the report directory. The error joins all mistakes in the inputs.
func New(cfg config.Config, s Surroundings) (Job, error) {
	s.Secrets.Keep(cfg.Tokens()...)
	j := Job{Config: cfg, Checkout: workspace.Checkout(s.Checkout), Dir: s.Dir, Secrets: s.Secrets}
	var err, eventErr error
	j.Event, eventErr = s.Event()
	if j.Commands, err = commands(cfg); err != nil {
		return Job{}, errors.Join(eventErr, err)
	}
	if j.profile, err = profileOptions(j.Commands[0], s); err != nil {
		return Job{}, errors.Join(eventErr, err)
	}
	if j.Project, err = profile.LoadProject(j.profile); err != nil {
		return Job{}, errors.Join(eventErr, err)
	}
	if j.Event.Name == "" { // outside of CI
		j.Event.HeadRef, j.Event.HeadSHA = workspace.Branch(j.Project.Dir)
		j.Event.Actor, _ = s.LookupEnv("USER")
	}
	j.findProfilesBesideProject()
	if path, given := j.Commands[0].Flag("--target-path"); given {
		j.Project.TargetPath = workspace.Absolute(j.Project.Dir, path)
	}
	if err := errors.Join(eventErr, j.refuseForeignCode(), j.checkMeta()); err != nil {
		return Job{}, err
	}
	j.ReportDir, err = j.makeReportDir()
	return j, err
}

// findProfilesBesideProject passes the project's directory as --profiles-dir if dbt's
// own search finds no profiles.yml, but the project has one.
func (j *Job) findProfilesBesideProject() {
	dir := j.Project.Dir
	if _, err := os.Stat(filepath.Join(dir, "profiles.yml")); err != nil || j.profile.HasProfiles() {
		return
	}
	j.profile.ProfilesDir = dir
	for i, command := range j.Commands {
		j.Commands[i] = command.WithDefault(dir, "--profiles-dir")
	}
}

// profileOptions returns the options with which dbt resolves the connection.
func profileOptions(first dbt.Command, s Surroundings) (profile.Options, error) {
	flag := func(names ...string) string {
		value, _ := first.Flag(names...)
		return value
	}
	home, _ := s.LookupEnv("HOME")
	vars, err := profile.ParseVars(flag("--vars"))
	return profile.Options{
		ProjectDir:  flag("--project-dir"),
		ProfilesDir: flag("--profiles-dir"),
		Profile:     flag("--profile"),
		Target:      flag("--target", "-t"),
		Vars:        vars,
		WorkDir:     s.Dir,
		HomeDir:     home,
		LookupEnv:   s.LookupEnv,
	}, err
}

// checkMeta reports invalid gates in the project's YAML before anything is built.
func (j Job) checkMeta() error {
	var problems []error
	for _, meta := range j.Project.TallyMeta() {
		if _, err := tally.ParseMeta(meta.Value, tally.Meta{Limits: j.Config.Limits}); err != nil {
			for problem := range strings.Lines(err.Error()) {
				problem = strings.TrimSpace(problem)
				problems = append(problems, fmt.Errorf("%s in %s: %s", meta.Of, meta.File, problem))
			}
		}
	}
	return errors.Join(problems...)
}

// makeReportDir creates the report directory and writes to it, so that a directory that is
// not writable is reported before anything runs.
func (j Job) makeReportDir() (string, error) {
	dir := j.Config.ReportDir
	if dir == "" {
		dir = filepath.Join(j.Project.TargetPath, "dbt-tally")
	}
	dir = workspace.Absolute(j.Dir, dir)
	if err := workspace.MakeWritable(dir); err != nil {
		return "", fmt.Errorf("input \"report-dir\": cannot write to %q: %w; choose a writable directory; see %s",
			dir, err, docs.Inputs)
	}
	return dir, nil
}

// refuseForeignCode keeps dbt from running the code of a stranger's pull request. A job of
// pull_request_target has the repository's secrets and a token that may write, and macros,
// hooks and profiles are code. Only a checkout of the event's own commit is certain to
// contain no code of the pull request. A commit that cannot be determined is refused.
// https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
func (j Job) refuseForeignCode() error {
	if j.Event.Name != "pull_request_target" || j.Config.AllowPullRequestTarget {
		return nil
	}
	commit, err := workspace.Commit(j.Project.Dir)
	found := fmt.Sprintf("%s is at commit %s, not at the event's %s", j.Project.Dir, commit, j.Event.SHA)
	switch {
	case err != nil:
		found = fmt.Sprintf("cannot verify which commit %s is at: %v", j.Project.Dir, err)
	case commit == j.Event.SHA:
		return nil
	}
	return fmt.Errorf(`event "pull_request_target": %s; dbt could run the pull request's code with this job's secrets; `+
		`use on: pull_request, check out without a ref, or set allow-pull-request-target: true; see %s`,
		found, docs.Permissions)
}
