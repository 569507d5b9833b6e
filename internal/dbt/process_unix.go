//go:build unix

package dbt

import (
	"os/exec"
	"syscall"
)

// ownGroup makes dbt and its children a process group of their own.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// interrupt sends the group what Ctrl-C sends. SIGTERM would end dbt at once and
// leave its queries running in the warehouse; an interrupt cancels them.
func interrupt(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
}

func kill(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
