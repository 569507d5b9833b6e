//go:build unix

package dbt

import (
	"os/exec"
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
