// Package app tells the story: inputs, profile, preflight, dbt with its hooks,
// audit rows, tally, report, surfaces. Each command is a file; what the story
// needs of the world outside is declared in ports.go.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/runner"
)

// Command is dbt-tally with its surroundings.
type Command struct {
	Stdout, Stderr io.Writer
	Environ        []string // as os.Environ gives it
	Dir            string   // the working folder, absolute
	Version        string   // of dbt-tally
	HTTP           *http.Client
	Now            func() time.Time
	Kill           <-chan struct{} // closed on the second interrupt: dbt is killed
}

// Main runs the command that the arguments and inputs ask for and returns the
// exit status. When ctx is done, dbt is interrupted and the report is made from
// what there is.
func (c Command) Main(ctx context.Context, args []string) int {
	actions := runner.New(c.getenv, c.Stdout)
	cfg, err := config.Parse(args, c.Environ, c.Dir, c.Stdout)
	switch {
	case errors.Is(err, config.ErrHelp):
		return ExitOK
	case err != nil:
		return c.refuse(actions, err)
	}
	defer c.leaveWorkspace(actions, time.Now())
	s := &story{Command: c, actions: actions, cfg: cfg}
	if cfg.Mode == config.Publish {
		return s.publish(ctx) // without project, dbt and warehouse
	}
	defer func() { _ = s.environment.Remove() }() // where it can't be, it goes with the runner
	if err := s.setUp(ctx); err != nil {
		return c.refuse(actions, err)
	}
	if s.cli.ScratchDir, err = os.MkdirTemp("", "dbt-tally-"); err != nil {
		return c.refuse(actions, err)
	}
	defer os.RemoveAll(s.cli.ScratchDir)
	defer s.removeMacros()
	return map[config.Mode]func(context.Context) int{
		config.Run:    s.run,
		config.Report: s.report,
		config.Prune:  s.prune,
	}[cfg.Mode](ctx)
}

// refuse tells every mistake in the inputs; nothing has been done yet.
func (c Command) refuse(actions *runner.Runner, err error) int {
	for message := range strings.Lines(err.Error()) {
		c.tell(actions, runner.Error, strings.TrimSpace(message))
	}
	return ExitUsage
}

// tell says something of our own, apart from dbt's output: an annotation on a
// runner, a line on standard error elsewhere.
func (c Command) tell(actions *runner.Runner, level runner.Level, message string) {
	if actions.Active() {
		actions.Annotate(runner.Annotation{Level: level, Title: "dbt-tally", Message: message})
		return
	}
	fmt.Fprintf(c.Stderr, "dbt-tally: %s: %s\n", level, message)
}

// say prints a line of our own.
func (c Command) say(format string, args ...any) {
	fmt.Fprintf(c.Stdout, format+"\n", args...)
}

func (c Command) getenv(name string) string {
	value, _ := c.lookupEnv(name)
	return value
}

func (c Command) lookupEnv(name string) (value string, ok bool) {
	for _, entry := range c.Environ {
		if v, is := strings.CutPrefix(entry, name+"="); is {
			value, ok = v, true
		}
	}
	return value, ok
}
