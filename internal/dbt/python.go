package dbt

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// Python returns the interpreter that runs this dbt, with its flags. It returns nil if
// dbt is not a Python script, or if its first lines are not those that pip, uv, pipx,
// conda or a distribution write. The scripts of pyenv and asdf start a dbt that only they
// can find.
func Python(c CLI) []string {
	path, err := c.lookPath()
	if err != nil {
		return nil
	}
	return interpreterOf(path)
}

var (
	pythonName = regexp.MustCompile(`^(python|pypy)[0-9.]*$`)

	// If the path of the interpreter has a space or is too long for the kernel, the
	// script is also a shell script that starts Python on itself. In a relocatable
	// environment the interpreter is beside the script.
	startedByShell = regexp.MustCompile(
		`^'''exec' (?:"([^"$]+)"|'([^']+)'|([^\s"'$]+)) "\$0" "\$@"\s*$`)
	startedBeside = regexp.MustCompile(
		`^'''exec' "\$\(dirname -- "\$\(realpath -- "\$0"\)"\)"/'?([^'/\s]+)'? "\$0" "\$@"\s*$`)
)

// interpreterOf returns the interpreter in the first lines of the script at path.
func interpreterOf(path string) []string {
	lines := firstLines(path)
	line, script := strings.CutPrefix(lines[0], "#!")
	if !script {
		return nil
	}
	program, flags, _ := strings.Cut(strings.TrimSpace(line), " ")
	flags = strings.TrimSpace(flags)
	python := []string{program}
	switch filepath.Base(program) {
	case "sh":
		python[0] = shellStarts(path, lines[1])
	case "env":
		found, err := exec.LookPath(flags)
		if err != nil || !pythonName.MatchString(flags) {
			return nil
		}
		python[0] = found
	default:
		if flags != "" {
			python = append(python, flags) // the kernel passes them as one argument
		}
	}
	if !filepath.IsAbs(python[0]) || !pythonName.MatchString(filepath.Base(python[0])) {
		return nil
	}
	return python
}

// shellStarts returns the interpreter that the second line of a script starts, or "" if
// it starts none.
func shellStarts(path, line string) string {
	if found := startedByShell.FindStringSubmatch(line); found != nil {
		return found[1] + found[2] + found[3]
	}
	found := startedBeside.FindStringSubmatch(line)
	if found == nil {
		return ""
	}
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	return filepath.Join(filepath.Dir(path), found[1])
}

// firstLines returns the first two lines of a file, each "" if the file does not have it.
func firstLines(path string) (lines [2]string) {
	file, err := os.Open(path)
	if err != nil {
		return lines
	}
	defer file.Close()
	start, err := io.ReadAll(io.LimitReader(file, 10_000)) // a path may have 4096 characters
	if err != nil {
		return lines
	}
	first, rest, _ := bytes.Cut(start, []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	return [2]string{strings.TrimRight(string(first), "\r"), strings.TrimRight(string(second), "\r")}
}
