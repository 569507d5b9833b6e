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

// start runs dbt until it ends. When ctx is done, start interrupts dbt once, because a Ctrl-C
// in the terminal does not reach dbt, which runs in its own process group. start returns dbt's
// exit code, or ExitCouldNotRun if a signal ended dbt. The error is non-nil only if dbt
// could not be started.
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

// lastWords limits how long an output is read after the program has ended, because a wrapper
// may leave a process in the background that keeps the output open.
const lastWords = 2 * time.Second

// grace limits how long a dbt that ask has started and interrupted may take to end.
const grace = 3 * time.Second

// ask runs dbt and returns everything that it prints. When ctx is done, ask interrupts dbt
// and, if dbt does not end, kills it.
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

// exitCode returns dbt's exit code, even if its output was still open when it ended.
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

// command returns the command to run dbt with these arguments.
func (c CLI) command(args []string, env ...string) *exec.Cmd {
	cmd := exec.Command(c.Executable, args...)
	cmd.Dir = c.WorkDir
	cmd.Env = c.environ(env...)
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	cmd.WaitDelay = lastWords
	return cmd
}

// giveTerminal leaves a command that may ask the user something in our process group,
// because the terminal stops a process of another group that reads from it. All other
// commands run in their own group.
func giveTerminal(cmd *exec.Cmd, command Command, stdin io.Reader) {
	if command.asks() {
		cmd.Stdin = stdin
	} else {
		ownGroup(cmd)
	}
}
