//go:build unix

package dbt

import (
	"os/exec"
	"path/filepath"
	"syscall"
)

// ownGroup starts dbt and its children in a process group of their own.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// interrupt sends dbt and its children the signal of Ctrl-C. SIGTERM would end dbt at once
// and leave its queries running in the warehouse; an interrupt cancels them.
func interrupt(cmd *exec.Cmd) { send(cmd, syscall.SIGINT) }

func kill(cmd *exec.Cmd) { send(cmd, syscall.SIGKILL) }

// send sends a signal to dbt's process group, or to dbt alone if that group is ours.
func send(cmd *exec.Cmd, signal syscall.Signal) {
	pid := cmd.Process.Pid
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Setpgid {
		pid = -pid
	}
	_ = syscall.Kill(pid, signal)
}

// ignoreTermination makes dbt ignore SIGTERM. GitLab cancels a job by sending SIGTERM to
// each process of the container, and other systems do so to each process of a service. It
// would end dbt at once and leave its queries running, before dbt-tally can interrupt dbt.
// Only ignoring it works: Python's multiprocessing unblocks a blocked SIGTERM. Go cannot
// start a child that ignores a signal which this process handles, but a shell can. Only
// scripts that can be started are started by it, as Python's dbt is one: the kernel's
// reasons against all others are better than a shell's.
func ignoreTermination(cmd *exec.Cmd) {
	if cmd.Err != nil || !canExecute(cmd.Path) || !canExecute(interpreter(cmd.Path)) || !canExecute(shell) {
		return
	}
	cmd.Args = append([]string{"sh", "-c", `trap "" TERM; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = shell
}

const shell = "/bin/sh"

func canExecute(path string) bool {
	_, err := exec.LookPath(path)
	return err == nil && filepath.IsAbs(path)
}
