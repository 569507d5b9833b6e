package config

import "slices"

// Input describes one input, for tests and docs.
type Input struct {
	Name    string
	Default string
	Allowed []string // nil if anything is allowed
	Help    string
}

// Inputs lists every input in the order of the docs.
func Inputs() []Input {
	var list []Input
	for _, g := range groups {
		for _, in := range g.inputs {
			if in.again {
				continue
			}
			list = append(list, Input{Name: in.name, Default: in.value, Allowed: in.choices(), Help: in.help})
		}
	}
	return list
}

// choices returns the values that the input accepts, or nil if it accepts any.
func (in input) choices() []string {
	if in.toggle {
		return []string{"true", "false"}
	}
	return in.allowed
}

// find returns the input of that name as the command understands it, with the commands that
// take it. "" is any command.
func find(name string, command Command) (in input, takenBy []Command, ok bool) {
	for _, g := range groups {
		for _, i := range g.inputs {
			if i.name == name && (!ok || i.again && slices.Contains(g.takenBy(i), command)) {
				in, takenBy, ok = i, g.takenBy(i), true
			}
		}
	}
	return in, takenBy, ok
}

// takenBy returns the commands that take an input of the group.
func (g group) takenBy(in input) []Command {
	if in.only != nil {
		return in.only
	}
	return g.commands
}

// inputOf returns the input that an environment variable gives.
func inputOf(variable string) (name string, ok bool) {
	for _, g := range groups {
		for _, in := range g.inputs {
			if in.env != "" && in.env == variable {
				return in.name, true
			}
		}
	}
	return "", false
}

// inputNames returns the names of the inputs that the command takes, or all names for "".
func inputNames(command Command) []string {
	var list []string
	for _, in := range Inputs() {
		if _, takenBy, _ := find(in.Name, command); command == "" || slices.Contains(takenBy, command) {
			list = append(list, in.Name)
		}
	}
	return list
}

func names[T ~string](list []T) []string {
	var texts []string
	for _, item := range list {
		texts = append(texts, string(item))
	}
	return texts
}
