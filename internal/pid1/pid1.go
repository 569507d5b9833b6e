// Package pid1 does what the kernel expects of a container's first process, and nothing
// else: it reaps orphans and forwards signals. The program itself runs in a child
// process, so that reaping cannot interfere with its own os/exec calls.
package pid1

import (
	"fmt"
	"io"
)

// Supervise runs a program to its end and returns its exit status: 128 plus the signal if
// a signal ended it, or 2 (with the reason on stderr) if it cannot be run. Until then it
// reaps every orphan that this process inherits, and forwards each SIGINT and SIGTERM, but
// only to the program, which decides about its own children. It leaves remaining
// orphans to the kernel, which ends them with their namespace.
func Supervise(path string, args []string, stderr io.Writer) int {
	status, err := supervise(path, args)
	if err != nil {
		fmt.Fprintln(stderr, "dbt-tally: as the container's first process:", err)
		return 2
	}
	return status
}
