//go:build unix

package dbt

import (
	"errors"
	"os"
	"syscall"
)

const (
	exclusive = syscall.LOCK_EX
	shared    = syscall.LOCK_SH
	unlocked  = syscall.LOCK_UN
)

// lock changes the lock on a file without waiting. It returns false if another run has a
// conflicting lock. On a file system without locks it returns true.
func lock(file *os.File, how int) (bool, error) {
	err := syscall.Flock(int(file.Fd()), how|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, nil
	case errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOSYS):
		return true, nil
	}
	return err == nil, err
}
