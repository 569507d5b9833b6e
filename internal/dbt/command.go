package dbt

import (
	"slices"
	"strings"
)

// Command is one dbt command line, without the leading dbt.
type Command []string

// Name returns the command's name, such as "build" in --quiet build --select a, or "" if
// there is none (--version, --help).
func (c Command) Name() string {
	for i := 0; i < len(c); i++ {
		switch arg := c[i]; {
		case !strings.HasPrefix(arg, "-"):
			return arg
		case slices.Contains(globalFlagsWithValue, arg):
			i++
		}
	}
	return ""
}

// globalFlagsWithValue are the flags that may precede the command's name and take the
// next argument as their value (dbt --help).
var globalFlagsWithValue = []string{
	"--defer-state", "--deprecated-favor-state", "--indirect-selection", "--log-file-max-bytes", "--log-format",
	"--log-format-file", "--log-level", "--log-level-file", "--log-path", "--printer-width", "--profile",
	"--profiles-dir", "--project-dir", "--record-timing-info", "-r", "--state", "--target", "-t", "--target-path",
	"--warn-error-options",
}

// Flag returns the value of the last of the named flags. A flag is given as --flag value,
// --flag=value or, if its name has one letter, -fvalue.
func (c Command) Flag(names ...string) (value string, ok bool) {
	for i, arg := range c {
		for _, name := range names {
			switch {
			case arg == name && i+1 < len(c):
				value, ok = c[i+1], true
			case strings.HasPrefix(name, "--") && strings.HasPrefix(arg, name+"="):
				value, ok = arg[len(name)+1:], true
			case len(name) == 2 && len(arg) > 2 && strings.HasPrefix(arg, name):
				value, ok = arg[2:], true
			}
		}
	}
	return value, ok
}

// without returns the command without the named flags and their values.
func (c Command) without(names ...string) Command {
	var kept Command
	for i := 0; i < len(c); i++ {
		name, _, joined := strings.Cut(c[i], "=")
		switch {
		case !slices.Contains(names, name):
			kept = append(kept, c[i])
		case !joined:
			i++
		}
	}
	return kept
}

// WithDefault adds a flag that the command does not have yet. An empty value adds
// nothing. The flag goes to the end, because all dbt commands accept their flags there.
func (c Command) WithDefault(value, flag string, synonyms ...string) Command {
	if _, given := c.Flag(append(synonyms, flag)...); given || value == "" || c.Name() == "" {
		return c
	}
	return append(slices.Clone(c), flag, value)
}

// String returns the command as a user would type it.
func (c Command) String() string {
	words := make([]string, 0, len(c)+1)
	for _, arg := range append([]string{"dbt"}, c...) {
		if arg == "" || strings.ContainsAny(arg, " \t\n\"'\\$`*?[](){}<>|&;#~!") {
			arg = "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
		}
		words = append(words, arg)
	}
	return strings.Join(words, " ")
}

// Like returns another command for the same project, profile, target and variables, so
// that dbt can use this command's partial parse.
func (c Command) Like(words ...string) Command {
	like := Command(words)
	kept := [][]string{{"--project-dir"}, {"--profiles-dir"}, {"--profile"}, {"--target", "-t"}, {"--vars"}}
	for _, names := range kept {
		if value, ok := c.Flag(names...); ok {
			like = append(like, names[0], value)
		}
	}
	return like
}

// Builds reports whether the command can build models, seeds or snapshots.
func (c Command) Builds() bool {
	return slices.Contains([]string{"build", "run", "seed", "snapshot", "retry"}, c.Name())
}

// TakesThreads reports whether the command has a --threads flag.
func (c Command) TakesThreads() bool {
	return !slices.Contains([]string{"", "list", "ls", "deps", "clean", "debug", "init"}, c.Name())
}

// asks reports whether the command may ask something in the terminal: about a new
// project, a password of Git's or the key of a registry.
func (c Command) asks() bool {
	return slices.Contains([]string{"init", "deps"}, c.Name())
}
