// Package app is the program: it reads the inputs, runs the command that they name
// and returns its exit status. Each command is one file; dbt.go is the main one.
package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/profile"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// Command is the program with everything that it needs from outside.
type Command struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string // as os.Environ returns it
	Dir            string   // the working directory, absolute
	Version        string   // of dbt-tally
	HTTP           *http.Client
	Now            func() time.Time
	Kill           <-chan struct{} // closed on the second interrupt: dbt is killed
	Patience       time.Duration   // limits reading the audit rows; 0: 90 s
	LockWait       time.Duration   // limits waiting for a locked audit table before dbt; 0: 30 s
}

// Main runs the command that the arguments and inputs name and returns the exit
// status. When ctx is done, it interrupts dbt and reports what is known by then.
func (c Command) Main(ctx context.Context, args []string) int {
	con := newConsole(c.Stdout, c.Stderr, systemOf(c.getenv, c.Stdout, c.Now))
	cfg, err := config.Parse(args, c.Environ, c.Dir, c.Stdout)
	switch {
	case errors.Is(err, config.ErrHelp):
		return ExitOK
	case errors.Is(err, config.ErrVersion):
		con.line("dbt-tally %s", c.Version)
		return ExitOK
	case err != nil:
		con.secrets.Keep(cfg.Tokens()...)
		return con.refuse(err)
	}
	defer giveBack(con, c.borrowed(con))
	switch cfg.Command {
	case config.DBT:
		return c.dbt(ctx, cfg, con)
	case config.Report:
		return c.report(ctx, cfg, con)
	case config.History:
		return c.history(ctx, cfg, con)
	case config.Prune:
		return c.prune(ctx, cfg, con)
	case config.Publish:
		return c.publish(ctx, cfg, con)
	case config.Cloud:
		return reportOnCloud(ctx, c, cfg, con)
	case config.Install:
		return installMacros(cfg, con, profile.Options{
			ProjectDir: cfg.ProjectDir, WorkDir: c.Dir, HomeDir: c.getenv("HOME"), LookupEnv: c.lookupEnv,
		})
	default:
		return con.refuse(fmt.Errorf("command %q is not implemented", cfg.Command))
	}
}

// borrowed returns the directories in which this run creates files and that may belong to
// another user: the checkout, or the working directory outside of CI, and the home
// directory that the CI system mounts for a job.
func (c Command) borrowed(con console) []workspace.Loan {
	dirs := []string{cmp.Or(con.system.workspace, c.Dir)}
	if con.system.home {
		dirs = append(dirs, c.getenv("HOME"))
	}
	var loans []workspace.Loan
	for _, dir := range dirs {
		loans = append(loans, workspace.Borrow(dir, time.Now()))
	}
	return loans
}

// giveBack gives the files that this run created to the owner of each directory.
func giveBack(con console, loans []workspace.Loan) {
	var problems error
	for _, loan := range loans {
		if err := loan.GiveBack(); !errors.Is(err, fs.ErrNotExist) {
			problems = errors.Join(problems, err)
		}
	}
	if problems != nil {
		con.warn("files that belong to root may remain in the workspace: " + problems.Error())
	}
}

func (c Command) getenv(name string) string {
	value, _ := c.lookupEnv(name)
	return value
}

// lookupEnv returns the last value, which is the one that a child process sees.
func (c Command) lookupEnv(name string) (value string, ok bool) {
	for _, entry := range c.Environ {
		if v, is := strings.CutPrefix(entry, name+"="); is {
			value, ok = v, true
		}
	}
	return value, ok
}
