// Package fakedbt is a dbt for stories about GitHub: it starts in milliseconds. It builds
// seeds, views, tables, incremental models and a few tests on a real PostgreSQL, and
// writes the parts of the log, the artifacts and the audit rows that dbt-tally reads.
// internal/stories compares it with real dbt. It refuses every command, flag, variable,
// setting and piece of Jinja that it does not support.
package fakedbt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Version is the version that the fake reports.
const Version = "1.11.16"

// dbt's exit codes.
const (
	exitOK = iota
	exitFailed
	exitCouldNotRun
)

// Process is a program's environment.
type Process struct {
	Args           []string // without the program's name
	Environ        []string
	Dir            string
	Stdout, Stderr io.Writer
}

// Main runs one dbt command and returns its exit code.
func (p Process) Main(ctx context.Context) int {
	code, err := p.run(ctx)
	if err != nil {
		fmt.Fprintf(p.Stderr, "fake dbt: %v\n", err)
		return exitCouldNotRun
	}
	return code
}

func (p Process) run(ctx context.Context) (int, error) {
	if slices.Equal(p.Args, []string{"--version"}) {
		fmt.Fprintf(p.Stdout, "Core:\n  - installed: %s\n", Version)
		return exitOK, nil
	}
	env, err := newEnvironment(p.Environ)
	if err != nil {
		return 0, err
	}
	o, err := parse(p.Args)
	if err != nil {
		return 0, err
	}
	o.projectDir = below(p.Dir, o.projectDir)
	o.profilesDir = below(p.Dir, o.profilesDir)
	o.logPath = env["DBT_ENGINE_LOG_PATH"]
	id := uuid.NewString()
	log, err := openLog(o, id, p.Stdout)
	if err != nil {
		return 0, err
	}
	defer log.file.Close()
	if o.command == "deps" {
		return exitOK, installPackages(o.projectDir)
	}
	if err := checkProfile(o, env); err != nil {
		return 0, err
	}
	project, err := load(o.projectDir)
	if err != nil {
		return 0, err
	}
	nodes, err := project.selected(o)
	if err != nil {
		return 0, err
	}
	return build(ctx, invocation{options: o, id: id, log: log, env: env, project: project, nodes: nodes})
}

func below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// options are the parts of a command line.
type options struct {
	line        string // as run_results.json contains it
	command     string
	selected    []string // names; nil: everything
	projectDir  string
	profilesDir string
	target      string
	logPath     string
}

// parse accepts the command lines of the stories, as dbt-tally completes them.
func parse(args []string) (options, error) {
	o := options{line: strings.Join(append([]string{"dbt"}, args...), " "), projectDir: ".", profilesDir: "."}
	ignored := ""
	values := map[string]*string{
		"--project-dir": &o.projectDir, "--profiles-dir": &o.profilesDir, "--target": &o.target,
		"--threads": &ignored,
	}
	for i := 0; i < len(args); i++ {
		value, known := values[args[i]]
		switch {
		case known && i+1 < len(args):
			i++
			*value = args[i]
		case args[i] == "--select":
			for i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
				i++
				o.selected = append(o.selected, args[i])
			}
		case o.command == "" && slices.Contains([]string{"build", "run", "seed", "deps"}, args[i]):
			o.command = args[i]
		default:
			return o, fmt.Errorf("unknown argument %q in %q; teach it, or use real dbt", args[i], o.line)
		}
	}
	if o.command == "" {
		return o, fmt.Errorf("no command in %q", o.line)
	}
	return o, nil
}

// environment maps variables to values.
type environment map[string]string

// newEnvironment refuses the variables that real dbt or the hooks would use and that the
// fake does not support.
func newEnvironment(environ []string) (environment, error) {
	known := []string{
		"DBT_SEND_ANONYMOUS_USAGE_STATS",
		"DBT_LOG_PATH", "DBT_ENGINE_LOG_PATH", "DBT_LOG_FILE_MAX_BYTES", "DBT_ENGINE_LOG_FILE_MAX_BYTES",
		"DBT_TALLY_RELATION", "DBT_TALLY_SPECIAL", "DBT_TALLY_GUARD", "DBT_TALLY_COLUMNS", "DBT_TALLY_COUNT_VIEWS", "DBT_TALLY_COUNT",
	}
	env := environment{}
	var errs []error
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
		if strings.HasPrefix(name, "DBT_") && !slices.Contains(known, name) {
			errs = append(errs, fmt.Errorf("unknown variable %s; teach it, or use real dbt", name))
		}
	}
	return env, errors.Join(errs...)
}
