//go:build unix

package bench

import (
	"syscall"
	"testing"
	"time"
)

// childrenCPU returns the CPU time in seconds of all child processes that have ended.
func childrenCPU(tb testing.TB) float64 {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
