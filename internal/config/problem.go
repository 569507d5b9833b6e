package config

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

const inputsPage = docs.Inputs

// problemList gathers the mistakes of the user, so that all are reported at once.
type problemList []error

func (p *problemList) add(format string, args ...any) {
	*p = append(*p, fmt.Errorf(format, args...))
}

// input notes a value that is not allowed.
func (p *problemList) input(name, value, expected string) {
	p.add("input %q: unusable value %s; expected %s; see %s", name, shown(value), expected, inputsPage)
}

// unknown notes a flag or an input that does not exist.
func (p *problemList) unknown(kind, name string, command Command) {
	known := inputNames(command)
	if near := nearest(strings.TrimLeft(name, "-"), known); near != "" {
		p.add("%s %q: unknown; did you mean %q?; see %s", kind, name, near, inputsPage)
		return
	}
	p.add("%s %q: unknown; expected one of %s; see %s", kind, name, strings.Join(known, ", "), inputsPage)
}

func (p problemList) err() error { return errors.Join(p...) }

// shown is a refused value, quoted. It may be a token that was put into the wrong
// input: what looks like one is hidden, and long values are cut.
func shown(value string) string {
	const most = 60
	if looksSecret(value) {
		return fmt.Sprintf(`"%s…" (%d characters, the rest is hidden)`, value[:4], len(value))
	}
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", value)
}

// looksSecret reports whether a value may be a token or a key: one long word with
// letters and digits, and no separators that paths and names have.
func looksSecret(value string) bool {
	letters, digits := 0, 0
	for _, c := range value {
		switch {
		case c > unicode.MaxASCII || unicode.IsSpace(c) || strings.ContainsRune(`/.,:;"'<>()[]{}`, c):
			return false
		case unicode.IsLetter(c):
			letters++
		case unicode.IsDigit(c):
			digits++
		}
	}
	return len(value) >= 20 && letters >= 4 && digits >= 4
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

// nearest is the name that a misspelt one most likely stands for, "" if there is none.
func nearest(name string, names []string) string {
	best, distance := "", 3
	for _, candidate := range names {
		if d := levenshtein.ComputeDistance(strings.ReplaceAll(name, "_", "-"), candidate); d < distance {
			best, distance = candidate, d
		}
	}
	return best
}
