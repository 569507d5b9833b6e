package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/alecthomas/kong"
)

// commandLine is dbt-tally [mode] [flags] [-- dbt arguments]; what follows the
// double dash is cut off before it is parsed.
type commandLine struct {
	Command string `arg:"" optional:"" help:"run, report, publish or prune: short for --mode."`
	inputs  `embed:""`
}

const description = `Run dbt with audit hooks around every model and show what the run did to the row counts.

Everything behind -- is one dbt command. Each flag is also an input of the GitHub Action.`

func newParser(line *commandLine, given map[string]string) *kong.Kong {
	parser, err := kong.New(line, kong.Name("dbt-tally"), kong.Description(description),
		kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
			if value, ok := given[flag.Name]; ok {
				return value, nil
			}
			return nil, nil
		})))
	if err != nil {
		panic(err) // the struct above is wrong: every test fails
	}
	return parser
}

// inputFlags are the flags that are inputs: all but --help.
func inputFlags(parser *kong.Kong) []*kong.Flag {
	return slices.DeleteFunc(slices.Clone(parser.Model.Flags), func(f *kong.Flag) bool { return f.Name == "help" })
}

// inputVariables gathers the non-empty INPUT_* variables by input name. The
// runner upper-cases a name and keeps its hyphens.
func inputVariables(environ []string) map[string]string {
	given := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if name, ok := strings.CutPrefix(name, "INPUT_"); ok && strings.TrimSpace(value) != "" {
			given[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
	return given
}

// unknownVariables notes inputs that there are none of.
func unknownVariables(parser *kong.Kong, given map[string]string, problems *problemList) {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !isInput(parser, name) {
			problems.unknown("input", name, parser)
		}
	}
}

// dropUnknownFlags notes the flags that there are none of and takes them out, so
// that what else is wrong is told in the same run.
func dropUnknownFlags(parser *kong.Kong, args []string, problems *problemList) []string {
	var kept []string
	for i := 0; i < len(args); i++ {
		name, isFlag := strings.CutPrefix(args[i], "--")
		name, _, hasValue := strings.Cut(name, "=")
		if !isFlag || name == "help" || isInput(parser, name) {
			kept = append(kept, args[i])
			continue
		}
		problems.unknown("flag", "--"+name, parser)
		if !hasValue && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++ // most likely its value
		}
	}
	return kept
}

func isInput(parser *kong.Kong, name string) bool {
	return slices.ContainsFunc(inputFlags(parser), func(f *kong.Flag) bool { return f.Name == name })
}

// allowed notes a value that is none of the few that an input takes.
func (p *problemList) allowed(flag *kong.Flag) {
	allowed := flag.Tag.Get("allowed")
	value := flag.Target.String()
	if allowed == "" || slices.Contains(strings.Split(allowed, ","), value) {
		return
	}
	p.input(flag.Name, value, alternatives(strings.Split(allowed, ",")))
}

func (p *problemList) unknown(kind, name string, parser *kong.Kong) {
	var names []string
	for _, flag := range inputFlags(parser) {
		names = append(names, flag.Name)
	}
	if near := nearest(strings.TrimPrefix(name, "--"), names); near != "" {
		p.add("%s %q: unknown; did you mean %q?; see docs/inputs.md", kind, name, near)
		return
	}
	p.add("%s %q: unknown; want one of %s; see docs/inputs.md", kind, name, strings.Join(names, ", "))
}

// alternatives writes "a", "b" or "c".
func alternatives(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + v + `"`
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// nearest is the name that a misspelt one most likely stands for, "" for none.
func nearest(name string, names []string) string {
	best, distance := "", 3
	for _, candidate := range names {
		if d := levenshtein.ComputeDistance(strings.ReplaceAll(name, "_", "-"), candidate); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}
