package dbt

import (
	"context"
	"errors"
	"os/exec"
)

// Exit codes of dbt itself
// (https://docs.getdbt.com/reference/exit-codes).
const (
	ExitNodesFailed = 1
	ExitCouldNotRun = 2
)

// start runs dbt in a process group of its own, so that a Ctrl-C in the terminal
// reaches us alone and dbt gets exactly one interrupt: when ctx is done. It
// returns dbt's exit code; the error is non-nil only where dbt could not be
// started. A dbt that died of a signal counts as ExitCouldNotRun.
func (c CLI) start(ctx context.Context, cmd *exec.Cmd) (code int, err error) {
	ownGroup(cmd)
	if err := cmd.Start(); err != nil {
		return ExitCouldNotRun, c.startError(cmd.Path, err)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-ended:
			return
		case <-ctx.Done():
			interrupt(cmd)
		}
		select {
		case <-ended:
		case <-c.Kill:
			kill(cmd)
		}
	}()
	return exitCode(cmd.Wait()), nil
}

func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		return exit.ExitCode()
	default:
		return ExitCouldNotRun
	}
}

// command is dbt with the given arguments, its output going where c says.
func (c CLI) command(args []string, env ...string) *exec.Cmd {
	cmd := exec.Command(c.Executable, args...)
	cmd.Dir = c.WorkDir
	cmd.Env = c.environ(env...)
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	return cmd
}
