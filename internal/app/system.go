package app

import (
	"io"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	actions "github.com/dbt-tally/dbt-tally/internal/ci/github"
	"github.com/dbt-tally/dbt-tally/internal/ci/gitlab"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/surface"
)

// system is the CI system that runs this process: everything in which CI systems
// differ. A surface that it does not have is nil.
type system struct {
	active    bool // false on a laptop, and on a CI system that is not known
	maskless  bool // it masks no secret that only the job knows
	workspace string
	home      bool // it mounts a home directory for the job
	vendor    surface.Vendor
	token     func(config.Config) string // for the vendor
	jobToken  string                     // of GitLab's job

	event    func() (ci.Event, error)
	mask     func(secrets []string)          // in the log, from now on
	section  func(title string) (end func()) // folds the log
	plain    func() (resume func())          // the log contains no commands until then
	annotate func(ci.Annotation)             // nil: messages go to standard error
	summary  func(markdown string) error     // nil: there is none
	output   func(name, value string) error  // nil: there are none
}

// systemOf returns the CI system that the environment describes.
func systemOf(getenv func(string) string, stdout io.Writer, now func() time.Time) system {
	github := actions.New(getenv, stdout)
	s := system{
		event: github.Event, mask: github.Mask, section: github.Group, plain: github.StopCommands,
		token: func(config.Config) string { return "" },
	}
	switch {
	case github.Active():
		s.active, s.home, s.workspace, s.vendor = true, true, getenv("GITHUB_WORKSPACE"), surface.GitHub
		s.annotate, s.summary, s.output = github.Annotate, github.Summary, github.Output
		s.token = func(cfg config.Config) string { return cfg.GitHubToken }
	case gitlab.Active(getenv):
		s.active, s.maskless, s.workspace, s.vendor = true, true, getenv("CI_PROJECT_DIR"), surface.GitLab
		s.jobToken = getenv("CI_JOB_TOKEN")
		s.event = func() (ci.Event, error) { return gitlab.Event(getenv) }
		s.section = gitlab.NewLog(stdout, now).Section
		s.mask = func([]string) {} // GitLab masks only the variables that its settings name
		s.token = func(cfg config.Config) string { return cfg.GitLabToken }
	}
	return s
}
