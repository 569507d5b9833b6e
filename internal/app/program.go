package app

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// program is the dbt that a run uses.
type program struct {
	cli     dbt.CLI
	version dbt.Version
	err     error // the reason why there is no dbt to run

	environment dbt.Environment // with the requirements; the zero value: none
	installing  *float64        // seconds that the installation took; nil: none
}

// findDBT finds the dbt to run. If the user names requirements, it installs them
// first.
func (c Command) findDBT(ctx context.Context, j job.Job, scratch string, con console) program {
	p := program{cli: dbt.CLI{
		Executable: executable(j),
		WorkDir:    c.Dir,
		Env:        withoutInputs(c.Environ),
		ProjectDir: j.Project.Dir,
		TargetPath: j.Project.TargetPath,
		LogFile:    filepath.Join(j.Project.LogPath, "dbt.log"),
		ScratchDir: scratch,
		Stdin:      c.Stdin,
		Stdout:     c.Stdout,
		Stderr:     c.Stderr,
		Kill:       c.Kill,
		Now:        c.Now,
	}}
	if len(j.Config.Requirements) > 0 {
		c.install(ctx, j.Config.Requirements, con, &p)
	}
	if p.err == nil {
		p.version, p.err = p.cli.DetectVersion(ctx)
	}
	return p
}

// withoutInputs returns the environment for dbt. The inputs are dbt-tally's, and tokens are
// among them. An action has more than fifty, and dbt walks through its whole environment
// at each line of its log.
func withoutInputs(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(entry string) bool { return strings.HasPrefix(entry, "INPUT_") })
}

// install installs the dbt that the requirements select.
func (c Command) install(ctx context.Context, requirements []string, con console, p *program) {
	end, began := con.system.section("uv pip install"), c.Now()
	defer end()
	output, flush := con.withoutSecrets(c.Stdout)
	r := dbt.Requirements{
		Lines: requirements, Dir: dbt.RequirementsDir(c.lookupEnv), UV: "uv", Env: c.Environ, Output: output,
	}
	con.secrets.Keep(r.Secrets()...)
	p.environment, p.err = r.Install(ctx)
	flush()
	took := c.Now().Sub(began).Seconds()
	p.installing = &took
	if p.err == nil {
		p.cli.Executable = p.environment.Executable
	}
}

// forProfile selects the dbt for this type of profile if there is a separate one, as in our
// image for MySQL, unless the user named a dbt.
func (p program) forProfile(ctx context.Context, cfg config.Config, profileType string) program {
	own := dbt.ForProfile(profileType)
	if own == "dbt" || cfg.DBTExecutable != "dbt" || len(cfg.Requirements) > 0 {
		return p
	}
	p.cli.Executable = own
	p.version, p.err = p.cli.DetectVersion(ctx)
	return p
}

// executable returns the dbt that the inputs name. A path is relative to the working
// directory.
func executable(j job.Job) string {
	name := j.Config.DBTExecutable
	if filepath.Base(name) == name {
		return name
	}
	return workspace.Absolute(j.Dir, name)
}
