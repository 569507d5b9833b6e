//go:build unix

package duckdb

import (
	"os/exec"
	"syscall"
)

// ownGroup keeps a Ctrl-C in the terminal from ending the process. Its context ends it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
