//go:build unix

package pid1

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

func supervise(path string, args []string) (int, error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	program, err := os.StartProcess(path, args, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		// The program has its own process group, so that a Ctrl-C in the terminal of
		// docker run -it reaches it once, through this process.
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
				_ = program.Signal(s) // fails if it has ended
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
