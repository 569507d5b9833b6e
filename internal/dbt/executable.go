package dbt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// ForProfile is the dbt for a type of profile: the program dbt-TYPE where the PATH
// has one, as in our image, where MySQL needs a dbt of its own; else dbt.
func ForProfile(profileType string) string {
	name := "dbt-" + profileType
	if filepath.Base(name) != name {
		return "dbt" // no type at all, and no path of somebody's choice
	}
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return "dbt"
}

// lookPath returns the path of the program that start would run.
func (c CLI) lookPath() (string, error) {
	path, err := exec.LookPath(c.fromWorkDir(c.Executable))
	if err != nil {
		return "", c.startError(c.Executable, err)
	}
	return path, nil
}

// fromWorkDir makes a relative path absolute as a child in WorkDir resolves it. A
// name without a separator is left to the PATH.
func (c CLI) fromWorkDir(path string) string {
	if filepath.IsAbs(path) || filepath.Base(path) == path {
		return path
	}
	return filepath.Join(c.WorkDir, path)
}

// startError explains why the program at path was not started. The error alone
// does not say it: the kernel answers "no such file" also if the script is there
// and its interpreter is not, or if there is no folder to run it in.
func (c CLI) startError(path string, err error) error {
	path = c.fromWorkDir(path)
	problem, fix := err, "set dbt-executable to a dbt that starts in a shell"
	info, errStat := os.Stat(path)
	interpreter := interpreter(path)
	switch {
	case !isFolder(c.WorkDir):
		return fmt.Errorf("start dbt in %q: no such folder", c.WorkDir)
	case errors.Is(err, exec.ErrNotFound), errors.Is(errStat, fs.ErrNotExist):
		problem, fix = ErrNotFound, "install dbt, or set dbt-executable to its path"
	case errStat == nil && info.IsDir():
		problem = fmt.Errorf("%w: it is a folder", ErrNotExecutable)
		fix = "set dbt-executable to the program in it"
	case errStat == nil && interpreter != "" && info.Mode()&0o111 != 0 && startsNothing(err):
		problem = fmt.Errorf("%w: %q", ErrNoInterpreter, interpreter)
		fix = "create its virtual environment again, which was moved or whose Python was removed"
	case errors.Is(err, fs.ErrPermission):
		problem, fix = ErrNotExecutable, fmt.Sprintf("run chmod +x %s", path)
	case errors.Is(err, syscall.ENOEXEC):
		problem = ErrNotAProgram
		fix = fmt.Sprintf("install dbt for %s/%s; a script needs a first line such as #!/bin/sh",
			runtime.GOOS, runtime.GOARCH)
	}
	return fmt.Errorf("dbt-executable %q: %w; %s; see %s", c.Executable, problem, fix, docs.Troubleshooting)
}

// startsNothing reports whether an error about a script that is there and may be
// executed is about its interpreter.
func startsNothing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return path == "" || err == nil && info.IsDir()
}

// interpreter returns the program that the script at path names in its first line,
// "" if it is no script or cannot be read.
func interpreter(path string) string {
	line, ok := strings.CutPrefix(firstLine(path), "#!")
	if !ok {
		return ""
	}
	program, _, _ := strings.Cut(strings.TrimLeft(line, " \t"), " ")
	return program
}

// firstLine returns the first line of a file, as far as the kernel reads one that
// names an interpreter (execve(2)).
func firstLine(path string) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	start := make([]byte, 256)
	n, _ := file.Read(start)
	line, _, _ := bytes.Cut(start[:n], []byte("\n"))
	return string(line)
}
