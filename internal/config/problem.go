package config

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/redact"
)

const inputsPage = docs.Inputs

// problemList collects the user's mistakes, so that all of them are reported at once.
type problemList []error

func (p *problemList) add(format string, args ...any) {
	*p = append(*p, fmt.Errorf(format, args...))
}

// input adds a value that is not allowed.
func (p *problemList) input(name, value, expected string) {
	p.add("input %q: unusable value %s; expected %s; see %s", name, shown(value), expected, inputsPage)
}

// unknown adds a flag or an input that does not exist.
func (p *problemList) unknown(kind, name string, command Command) {
	known := inputNames(command)
	if near := nearest(strings.TrimLeft(name, "-"), known); near != "" {
		p.add("%s %s: unknown; did you mean %q?; see %s", kind, shown(name), near, inputsPage)
		return
	}
	p.add("%s %s: unknown; expected one of %s; see %s", kind, shown(name), strings.Join(known, ", "), inputsPage)
}

func (p problemList) err() error { return errors.Join(p...) }

// shown returns a refused value in quotes. The value may be a token in the wrong input, so
// shown hides every part that looks like one, and cuts long values.
func shown(value string) string {
	const most = 60
	value = hide(value)
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return strconv.Quote(value)
}

var (
	login = regexp.MustCompile(`//[^/@\s]+@`)
	word  = regexp.MustCompile(`[A-Za-z0-9_+=-]{20,}`)
	digit = regexp.MustCompile(`[0-9]`)

	// variables matches the variables of a dbt command, which may be secrets.
	variables = regexp.MustCompile(`(?s)(--(?:vars|args)[ =]).*`)
)

// hide replaces the parts of a text that may be secret: the login of a URL, the variables of
// a dbt command, and long words with digits, except for their first four characters.
func hide(text string) string {
	text = login.ReplaceAllString(text, "//"+redact.Mark+"@")
	text = variables.ReplaceAllString(text, "${1}"+redact.Mark)
	return word.ReplaceAllStringFunc(text, func(word string) string {
		if !digit.MatchString(word) {
			return word
		}
		return word[:4] + redact.Mark
	})
}

// alternatives returns a list such as "a", "b" or "c".
func alternatives(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = `"` + v + `"`
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// nearest returns the name that a misspelt name most likely means, or "".
func nearest(name string, names []string) string {
	best, distance := "", 3
	for _, candidate := range names {
		if d := levenshtein.ComputeDistance(strings.ReplaceAll(name, "_", "-"), candidate); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}
