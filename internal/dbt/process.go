package dbt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"time"
)

// Exit codes of dbt itself
// (https://docs.getdbt.com/reference/exit-codes).
const (
	ExitNodesFailed = 1
	ExitCouldNotRun = 2
)

// start runs dbt until it ends. When ctx is done dbt gets exactly one interrupt: one
// in a process group of its own hears nothing of a Ctrl-C in the terminal, which
// reaches us alone. start returns dbt's exit code; the error is non-nil only if dbt
// could not be started. A dbt that died of a signal counts as ExitCouldNotRun.
func (c CLI) start(ctx context.Context, cmd *exec.Cmd) (code int, err error) {
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

// lastWords is how long an output is read after the program that it was given to has
// ended: a wrapper may leave a process in the background that keeps it open for ever.
const lastWords = 2 * time.Second

// grace is how long a dbt of our own that was interrupted may take to end.
const grace = 3 * time.Second

// ask runs dbt for its answer, which is all that it prints. When ctx is done, dbt is
// interrupted and, if that does not end it, killed.
func (c CLI) ask(ctx context.Context, args []string, env ...string) (answer []byte, code int, err error) {
	var out bytes.Buffer
	cmd := c.command(args, env...)
	cmd.Stdout, cmd.Stderr = &out, &out
	ownGroup(cmd)
	second, killed := c.Kill, make(chan struct{})
	enough := context.AfterFunc(ctx, func() {
		select {
		case <-second:
		case <-time.After(grace):
		}
		close(killed)
	})
	defer enough()
	c.Kill = killed
	code, err = c.start(ctx, cmd)
	return out.Bytes(), code, err
}

// exitCode is the code that dbt ended with, whether or not its output has an end.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
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
	cmd.WaitDelay = lastWords
	return cmd
}

// giveTerminal leaves a command that may ask something in our process group, because
// the terminal stops any other that reads from it. All others get their own.
func giveTerminal(cmd *exec.Cmd, command Command, stdin io.Reader) {
	if command.asks() {
		cmd.Stdin = stdin
	} else {
		ownGroup(cmd)
	}
}
