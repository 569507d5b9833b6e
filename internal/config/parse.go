package config

import (
	"errors"
	"flag"
	"io"
	"maps"
	"slices"
	"strings"
)

// Parse reads the command line and, for inputs that are not on it, the INPUT_* variables of
// environ (NAME=value, as os.Environ returns them). It ignores empty variables, because an
// empty expression in a workflow means that no value is given. Directories are relative to
// dir. Parse writes help to help.
//
// The command line is
//
//	dbt-tally [flags] DBT-COMMAND [dbt's arguments]
//	dbt-tally [flags] COMMAND [flags]
//	dbt-tally [flags] history [flags] [MODEL...]
//
// The error is ErrHelp, ErrVersion, or joins every problem found, one per line. With
// problems, the Config still contains the secrets, so that they can be masked.
func Parse(args, environ []string, dir string, help io.Writer) (Config, error) {
	p := parser{dir: dir, given: map[string]string{}}
	p.environment(environ)
	if len(args) > 0 && args[0] == "help" { // dbt has no such command
		args = append(slices.Clone(args[1:]), "--help")
	}
	rest, err := p.flags(args, "")
	if err != nil {
		return Config{}, p.stop(err, "", help)
	}
	command, dbtArgs := p.command(args, rest)
	if command != DBT && len(rest) > 0 {
		dbtArgs, rest = nil, rest[1:]
		if command == Cloud {
			rest = cloudParser{&p}.way(rest)
		}
		if rest, err = p.flags(rest, command); err != nil {
			return Config{}, p.stop(err, command, help)
		}
		if command == Cloud {
			rest = cloudParser{&p}.way(rest)
		}
		for command == History && len(rest) > 0 { // flags may follow a model
			p.models = append(p.models, rest[0])
			if rest, err = p.flags(rest[1:], command); err != nil {
				return Config{}, p.stop(err, command, help)
			}
		}
		switch {
		case len(rest) > 0 && command == Prune && p.given["older-than"] == "":
			p.given["older-than"] = rest[0]
			p.problems.add("command %q: unexpected argument %s; write an age as --older-than 180d", command, shown(rest[0]))
		case len(rest) > 0:
			p.problems.add("command %q: unexpected argument %s; remove it", command, shown(rest[0]))
		}
	}
	if len(args) == 0 && !p.action {
		writeHelp(help, "")
		return Config{}, ErrHelp
	}
	c := p.config(command, dbtArgs)
	return c, p.problems.err()
}

// parser gathers the values that the user gave and the problems with them.
type parser struct {
	dir      string
	given    map[string]string // by input
	flagged  []string          // inputs that were given as flags
	action   bool              // the inputs come from a workflow
	models   []string          // of the command history
	problems problemList
}

// environment gathers the INPUT_* variables and those that an input has in addition.
// GitHub's runner upper-cases a name and keeps its hyphens; a shell has no hyphens in its
// variables, so an underscore means the same.
func (p *parser) environment(environ []string) {
	inputs := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if input, ok := inputOf(name); ok && strings.TrimSpace(value) != "" {
			p.given[input] = strings.TrimSpace(value)
		}
		p.action = p.action || entry == "GITHUB_ACTIONS=true" || strings.HasPrefix(name, "INPUT_")
		if name, ok := strings.CutPrefix(name, "INPUT_"); ok && strings.TrimSpace(value) != "" {
			inputs[strings.ReplaceAll(strings.ToLower(name), "_", "-")] = strings.TrimSpace(value)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(inputs)) {
		if _, _, ok := find(name, ""); ok {
			p.given[name] = inputs[name]
		} else {
			p.problems.unknown("input", name, "")
		}
	}
}

// flags parses flags up to the first other argument, and returns that argument and the
// following ones. Unknown flags are problems. The error is flag.ErrHelp or ErrVersion.
func (p *parser) flags(args []string, command Command) (rest []string, err error) {
	set := flag.NewFlagSet("dbt-tally", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	for _, name := range inputNames("") {
		in, _, _ := find(name, command)
		set.Var(&value{in: in, parser: p}, name, "")
	}
	version := set.Bool("version", false, "")
	args = joinToggles(args, command)
	for {
		before := args
		err := set.Parse(args)
		args = set.Args()
		switch {
		case *version:
			return nil, ErrVersion
		case err == nil:
			return args, nil
		case errors.Is(err, flag.ErrHelp):
			return nil, err
		}
		if len(args) == len(before) { // a malformed flag such as --=x is not consumed
			args = args[1:]
		}
		refused := before[len(before)-len(args)-1]
		if name, _, _ := strings.Cut(strings.TrimLeft(refused, "-"), "="); isInput(name) {
			p.problems.add("flag --%s: missing value; use --%s=VALUE; see %s", name, name, inputsPage)
			continue
		}
		p.unknownFlag(refused, command, args)
		if !strings.Contains(refused, "=") && len(args) > 0 && !strings.HasPrefix(args[0], "-") &&
			!slices.Contains(dbtCommands, args[0]) && !slices.Contains(commandNames, Command(args[0])) {
			args = args[1:] // the next argument is probably its value
		}
	}
}

// unknownFlag reports a flag that dbt-tally does not have. In front of a dbt command
// it is probably dbt's.
func (p *parser) unknownFlag(refused string, command Command, rest []string) {
	at := slices.IndexFunc(rest, func(arg string) bool { return slices.Contains(dbtCommands, arg) })
	name, _, _ := strings.Cut(strings.TrimLeft(refused, "-"), "=")
	if command == "" && at >= 0 && (len(name) == 1 || nearest(name, inputNames("")) == "") {
		line := append([]string{"dbt-tally", rest[at], refused}, rest[:at]...)
		p.problems.add("flag %s: unknown; put dbt's flags behind the dbt command: %s",
			shown(refused), hide(strings.Join(append(line, rest[at+1:]...), " ")))
		return
	}
	p.problems.unknown("flag", "--"+name, command)
}

// stop ends parsing because of --help or --version.
func (p *parser) stop(err error, command Command, help io.Writer) error {
	if errors.Is(err, flag.ErrHelp) {
		writeHelp(help, command)
		return ErrHelp
	}
	return err
}

// command returns the command to run: the first word that is not a flag or, if there is
// none, the command in the inputs.
func (p *parser) command(args, rest []string) (command Command, dbtArgs []string) {
	if len(rest) > 0 {
		word := Command(rest[0])
		if slices.Contains(commandNames, word) && word != DBT {
			return word, nil
		}
		if slices.Contains(dbtCommands, rest[0]) || word == DBT {
			return DBT, withoutDBT(rest)
		}
		if near := nearest(rest[0], names(commandNames)); near != "" {
			p.problems.add("command %s: unknown; did you mean %q?", shown(rest[0]), near)
		}
		return DBT, rest
	}
	if len(args) > 0 && !p.action && p.given["mode"] == "" && p.given["dbt-command"] == "" {
		p.problems.add("no dbt command; add one, for example: dbt-tally %s build",
			hide(strings.Join(args, " ")))
	}
	mode := Command(p.text("mode"))
	if !slices.Contains(commandNames, mode) {
		return DBT, nil // the unusable value is reported with the others
	}
	return mode, nil
}

func isInput(name string) bool {
	_, _, ok := find(name, "")
	return ok
}

// value is the value of a flag.
type value struct {
	in     input
	parser *parser
}

func (v *value) String() string { return "" }

// Set implements flag.Value.
func (v *value) Set(text string) error {
	v.parser.given[v.in.name] = text
	v.parser.flagged = append(v.parser.flagged, v.in.name)
	return nil
}

// IsBoolFlag makes package flag accept the flag without a value.
func (v *value) IsBoolFlag() bool { return v.in.toggle }

// joinToggles turns --toggle false into --toggle=false, up to the first argument that
// is not a flag.
func joinToggles(args []string, command Command) []string {
	var joined []string
	for i := 0; i < len(args); i++ {
		in, _, ok := find(strings.TrimLeft(args[i], "-"), command)
		toggle := ok && in.toggle && strings.HasPrefix(args[i], "-")
		if toggle && i+1 < len(args) && toggles[strings.ToLower(args[i+1])] != "" {
			joined = append(joined, args[i]+"="+args[i+1])
			i++
			continue
		}
		joined = append(joined, args[i])
	}
	return joined
}

// toggles maps the words for true and false.
var toggles = map[string]string{
	"true": "true", "yes": "true", "on": "true", "1": "true",
	"false": "false", "no": "false", "off": "false", "0": "false",
}
