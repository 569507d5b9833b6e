package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// checkAllowed reports a value that is not one of the input's allowed values.
func (p *parser) checkAllowed(name string, command Command) {
	in, _, _ := find(name, command)
	text := p.text(name)
	switch {
	case in.toggle && toggles[strings.ToLower(text)] == "":
	case !in.toggle && in.allowed != nil && !slices.Contains(in.allowed, text):
	default:
		return
	}
	p.problems.input(name, text, alternatives(in.choices()))
}

// checkCommand adds problems for inputs of another command, which would have no effect, and
// for missing inputs of this one.
func (p *parser) checkCommand(command Command) {
	for _, name := range inputNames("") {
		in, takenBy, _ := find(name, command)
		text, given := p.given[name]
		// A workflow passes the defaults of all inputs, and the job's token.
		meant := given && (text != in.value && !in.secret || slices.Contains(p.flagged, name))
		if meant && !slices.Contains(takenBy, command) && name != "mode" {
			p.problems.add("input %q: has no effect on %q; remove it, or use it with %s; see %s",
				name, command, alternativesOf(takenBy), inputsPage)
		}
	}
	mode, given := p.given["mode"]
	if given && slices.Contains(p.flagged, "mode") && Command(mode) != command {
		p.problems.add("flag --mode: %s contradicts the command %q; use one of them; see %s",
			shown(mode), command, inputsPage)
	}
	if command == Publish && p.text("report-dir") == "" {
		p.problems.add(`input "report-dir": missing; set it to the directory to which report.json was `+
			`downloaded; see %s`, docs.Permissions)
	}
	if command == Prune && p.text("older-than") == "" {
		p.problems.add(`input "older-than": missing; set an age of a day or more, such as 180d; see %s`, inputsPage)
	}
}

func alternativesOf(commands []Command) string {
	if len(commands) == 1 {
		return fmt.Sprintf("%q", commands[0])
	}
	return alternatives(names(commands))
}
