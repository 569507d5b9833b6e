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

// ForProfile returns the dbt for a type of profile: the program dbt-TYPE if the PATH has
// one (our image has one for MySQL, which needs a separate dbt), otherwise dbt.
func ForProfile(profileType string) string {
	name := "dbt-" + profileType
	if filepath.Base(name) != name {
		return "dbt" // an invalid type, which must not become a path
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

// fromWorkDir makes a relative path absolute, resolved from WorkDir as for a child. A
// name without a separator is looked up on the PATH.
func (c CLI) fromWorkDir(path string) string {
	if filepath.IsAbs(path) || filepath.Base(path) == path {
		return path
	}
	return filepath.Join(c.WorkDir, path)
}

// startError explains why the program at path was not started. The error alone is not
// enough: the kernel also answers "no such file" if the script exists and its interpreter
// does not, or if the working directory does not exist.
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
		fix = "create its virtual environment again, because it was moved or its Python was removed"
	case errors.Is(err, fs.ErrPermission):
		problem, fix = ErrNotExecutable, fmt.Sprintf("run chmod +x %s", path)
	case errors.Is(err, syscall.ENOEXEC):
		problem = ErrNotAProgram
		fix = fmt.Sprintf("install dbt for %s/%s; a script needs a first line such as #!/bin/sh",
			runtime.GOOS, runtime.GOARCH)
	}
	return fmt.Errorf("dbt-executable %q: %w; %s; see %s", c.Executable, problem, fix, docs.Troubleshooting)
}

// startsNothing reports whether an error about an existing, executable script is about
// its interpreter.
func startsNothing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return path == "" || err == nil && info.IsDir()
}

// interpreter returns the program in the first line of the script at path. It returns ""
// if the file is not a script or cannot be read.
func interpreter(path string) string {
	line, ok := strings.CutPrefix(firstLine(path), "#!")
	if !ok {
		return ""
	}
	program, _, _ := strings.Cut(strings.TrimLeft(line, " \t"), " ")
	return program
}

// firstLine returns the first line of a file, up to the length that the kernel reads to
// find the interpreter (execve(2)).
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
