//go:build unix

package pid1

import (
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"golang.org/x/term"
)

func supervise(program Program) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	process, err := os.StartProcess(program.Path, program.Args, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   ownGroup(),
	})
	if err != nil {
		return 0, err
	}
	to, group := process.Pid, 0
	if program.Shell {
		to, group = -process.Pid, process.Pid
	}
	var signaled atomic.Bool
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				signaled.Store(true)
				_ = syscall.Kill(to, s.(syscall.Signal)) // fails if it has ended
			case <-ended:
				return
			}
		}
	}()
	status, err := reapUntil(process.Pid)
	if group != 0 && err == nil && signaled.Load() {
		reapGroup(group)
	}
	return status, err
}

// ownGroup starts the program in its own process group, so that a Ctrl-C in the terminal
// of docker run -it reaches it once. The terminal must belong to that group, because it
// stops other groups that read from it.
func ownGroup() *syscall.SysProcAttr {
	stdin := int(os.Stdin.Fd())
	if !term.IsTerminal(stdin) {
		return &syscall.SysProcAttr{Setpgid: true}
	}
	signal.Ignore(syscall.SIGTTOU) // it would stop the new group, which takes the terminal over
	return &syscall.SysProcAttr{Foreground: true, Ctty: stdin}
}

// reapUntil reaps children until the one with this pid ends.
func reapUntil(pid int) (int, error) {
	for {
		var status syscall.WaitStatus
		switch reaped, err := syscall.Wait4(-1, &status, 0, nil); {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, os.NewSyscallError("wait4", err)
		case reaped != pid:
		case status.Signaled():
			return 128 + int(status.Signal()), nil
		default:
			return status.ExitStatus(), nil
		}
	}
}

// reapGroup reaps children until none of the process group is left.
func reapGroup(group int) {
	for {
		if _, err := syscall.Wait4(-group, nil, 0, nil); err != nil && !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}
