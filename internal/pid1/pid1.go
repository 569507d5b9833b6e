// Package pid1 does what the kernel expects of a container's first process, and
// nothing else: it reaps orphans and passes signals on. What the program is there
// for happens in a child, whose os/exec no wait for any process can disturb.
package pid1

import (
	"fmt"
	"io"
)

// Supervise runs a program to its end and returns its exit status: 128 and the
// signal if a signal ended it, 2 (and why, to stderr) if it cannot be run. Meanwhile
// every orphan that falls to this process is reaped, and each SIGINT and SIGTERM is
// passed on, to the program alone: it decides what becomes of its own children.
// Orphans that are still there at the end are left to the kernel, which ends them
// with their namespace.
func Supervise(path string, args []string, stderr io.Writer) int {
	status, err := supervise(path, args)
	if err != nil {
		fmt.Fprintln(stderr, "dbt-tally: as the container's first process:", err)
		return 2
	}
	return status
}
