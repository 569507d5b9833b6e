package dbt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"syscall"
)

// Exit codes of dbt itself
// (https://docs.getdbt.com/reference/exit-codes).
const (
	ExitNodesFailed = 1
	ExitCouldNotRun = 2
)

// ErrNotFound means that there is no dbt to run.
var ErrNotFound = errors.New("dbt was not found")

// start runs dbt in a process group of its own, so that a Ctrl-C in the terminal
// reaches us alone and dbt gets exactly one interrupt: when ctx is done. It
// returns dbt's exit code; the error is non-nil only where dbt could not be
// started. A dbt that died of a signal counts as ExitCouldNotRun.
func (c CLI) start(ctx context.Context, cmd *exec.Cmd) (code int, err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return ExitCouldNotRun, fmt.Errorf("dbt-executable %q: %w; install dbt, or name its path; see docs/inputs.md", c.Executable, ErrNotFound)
		}
		return ExitCouldNotRun, fmt.Errorf("start dbt: %w", err)
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-ended:
			return
		case <-ctx.Done():
			// SIGTERM would end dbt at once and leave its queries running in the
			// warehouse; an interrupt cancels them.
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		}
		select {
		case <-ended:
		case <-c.Kill:
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
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
