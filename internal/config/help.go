package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

const usage = `dbt-tally runs dbt with audit hooks around every model and shows how many rows each
model gained or lost, compared with an earlier run.

Replace dbt by dbt-tally:

  dbt-tally build --select state:modified+
  dbt-tally --max-drop 5% build

Usage:
  dbt-tally [flags] DBT-COMMAND [dbt's flags]  run any dbt command; flags come first
  dbt-tally report [flags]                     report on an earlier dbt invocation
  dbt-tally history [flags] [MODEL...]         show how the models' rows developed
  dbt-tally publish [flags]                    post the report of a run that has no write access
  dbt-tally prune [flags]                      delete old audit rows
  dbt-tally install [flags]                    write the audit macros for dbt Cloud
  dbt-tally cloud attach|trigger [flags]       report on a run of dbt Cloud
  dbt-tally COMMAND --help                     the flags of one command
  dbt-tally --version
`

// titles introduce the help of one command.
var titles = map[Command]string{
	Report: "dbt-tally report reports on an earlier dbt invocation, whose rows are in the audit table.",
	History: "dbt-tally history shows each model's last count, its change and its trend; with models or patterns, " +
		"one line\nper run: dbt-tally history fct_orders 'stg_*' --since 90d",
	Publish: "dbt-tally publish posts the report.json of a run that could not, for example one from a fork.",
	Prune:   "dbt-tally prune deletes old audit rows: dbt-tally prune --older-than 180d",
	Cloud: "dbt-tally cloud attach reports on a run of dbt Cloud that something else starts, " +
		"cloud trigger starts one.",
	Install: "dbt-tally install writes macros/dbt_tally.sql, for a dbt that dbt-tally does not start, as in dbt Cloud.",
}

// writeHelp writes the help of a command; "" is the help of running dbt.
func writeHelp(w io.Writer, command Command) {
	if title, ok := titles[command]; ok {
		fmt.Fprintf(w, "%s\n", title)
	} else {
		command = DBT
		fmt.Fprint(w, usage)
	}
	for _, g := range groups {
		var flags []input
		for _, in := range g.inputs {
			onlyInAction := in.name == "mode" || in.name == "dbt-command"
			if slices.Contains(g.takenBy(in), command) && !onlyInAction {
				flags = append(flags, in)
			}
		}
		if len(flags) == 0 {
			continue
		}
		fmt.Fprintf(w, "\n%s\n", g.title)
		for _, in := range flags {
			fmt.Fprintf(w, "  %s\n%s", in.usage(), wrapped(in.help+in.defaultText(), "      ", 88))
		}
	}
	fmt.Fprintf(w, "\nEach flag is also an input of the GitHub Action:\n%s\n", inputsPage)
}

// usage returns the flag with its values.
func (in input) usage() string {
	switch {
	case in.toggle:
		return "--" + in.name + "[=true|false]"
	case in.allowed != nil:
		return "--" + in.name + "=" + strings.Join(in.allowed, "|")
	case in.example != "":
		return "--" + in.name + "=VALUE, for example " + in.example
	default:
		return "--" + in.name + "=VALUE"
	}
}

func (in input) defaultText() string {
	if in.value == "" {
		return ""
	}
	return " Default: " + in.value + "."
}

// wrapped breaks a text into indented lines of at most width bytes.
func wrapped(text, indent string, width int) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if len(line)+len(word) > width && line != indent {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += word + " "
	}
	return b.String() + strings.TrimRight(line, " ") + "\n"
}
