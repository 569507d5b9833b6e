//go:build unix

package server

import (
	"os/exec"
	"syscall"
)

// Run makes a program run as the user; nil: as the user of the tests.
func (u *User) Run(cmd *exec.Cmd) {
	if u == nil {
		return
	}
	attributes(cmd).Credential = &syscall.Credential{Uid: u.UID, Gid: u.GID}
}

func ownGroup(cmd *exec.Cmd) { attributes(cmd).Setpgid = true }

func attributes(cmd *exec.Cmd) *syscall.SysProcAttr {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	return cmd.SysProcAttr
}
