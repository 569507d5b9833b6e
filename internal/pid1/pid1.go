// Package pid1 does what the kernel expects of a container's first process, and nothing
// else: it reaps orphans and forwards signals. The program itself runs in a child
// process, so that reaping cannot interfere with its own os/exec calls.
package pid1

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
)

// A Program is what the container was started for.
type Program struct {
	Path  string
	Args  []string // the first one is its name
	Shell bool     // it starts programs that must receive its signals
}

// ProgramOf returns the program for the arguments of the first process: the shell or the
// path that they begin with, otherwise self with these arguments. GitLab's runner passes a
// shell to the image's entrypoint, and sends it the job's script. No command of dbt's
// looks like either.
func ProgramOf(self string, args []string) Program {
	if len(args) > 1 && (args[1] == "sh" || args[1] == "bash" || filepath.IsAbs(args[1])) {
		if path, err := exec.LookPath(args[1]); err == nil {
			return Program{Path: path, Args: args[1:], Shell: true}
		}
	}
	return Program{Path: self, Args: args}
}

// Supervise runs a program to its end and returns its exit status: 128 plus the signal if
// a signal ended it, or 2 (with the reason on stderr) if it cannot be run. Until then it
// reaps every orphan that this process inherits, and forwards each SIGINT and SIGTERM, but
// only to the program, which decides about its own children.
//
// A shell does not pass signals on, and may end before the programs that it has started. So
// they go to the shell's process group, and after the first of them Supervise also waits
// for the rest of the group.
//
// Supervise leaves remaining orphans to the kernel, which ends them with their namespace.
func Supervise(program Program, stderr io.Writer) int {
	status, err := supervise(program)
	if err != nil {
		fmt.Fprintln(stderr, "dbt-tally: as the container's first process:", err)
		return 2
	}
	return status
}
