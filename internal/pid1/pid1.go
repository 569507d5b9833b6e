// Package pid1 does what the kernel expects of a container's first process, and
// nothing else: it reaps orphans and passes signals on. What the program is there
// for happens in a child, whose os/exec no wait for any process can disturb.
package pid1

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Supervise runs a program to its end and returns its exit status, 128 and the
// signal where a signal ended it, 2 (and why, to stderr) where it can't be run. Meanwhile every orphan that falls to this
// process is reaped, and each SIGINT and SIGTERM is passed on, to the program
// alone: it decides what becomes of its own children. Orphans that are still there
// at the end are left to the kernel, which ends them with their namespace.
func Supervise(path string, args []string, stderr io.Writer) int {
	status, err := supervise(path, args)
	if err != nil {
		fmt.Fprintln(stderr, "dbt-tally: as the container's first process:", err)
		return 2
	}
	return status
}

func supervise(path string, args []string) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	program, err := os.StartProcess(path, args, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		// In a group of its own a Ctrl-C in the terminal of docker run -it reaches
		// it once, through us.
		Sys: &syscall.SysProcAttr{Setpgid: true},
	})
	if err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = program.Signal(s) // it may have ended
			case <-ended:
				return
			}
		}
	}()
	return reapUntil(program.Pid)
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
