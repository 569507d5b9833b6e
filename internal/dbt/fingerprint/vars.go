package fingerprint

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// Vars are the values of the variables that a project sets, as it writes them, by package
// and name. The package "" stands for all packages. nil means that they are unknown.
type Vars map[string]map[string]string

// uses lists the variables that code reads.
type uses struct {
	names []string
	any   bool // a name is computed, so that it may be any
}

// argument is the first argument of a call if it is a literal, which is escaped in JSON.
var argument = regexp.MustCompile(`^\s*\(\s*\\?["']([^"'\\]+)\\?["']`)

// varsOf returns the variables that a text of code or configuration reads.
func varsOf(text string) uses {
	const function = "var"
	var u uses
	for {
		at := strings.Index(text, function)
		if at < 0 {
			return u
		}
		partOfName := at > 0 && isWord(text[at-1])
		text = text[at+len(function):]
		if partOfName || !strings.HasPrefix(strings.TrimLeft(text, " \t\r\n"), "(") {
			continue
		}
		if match := argument.FindStringSubmatch(text); match != nil {
			u.names = append(u.names, match[1])
		} else {
			u.any = true
		}
	}
}

// settingsText returns the text of a configuration, for varsOf.
func settingsText(config map[string]any) string {
	text, err := json.Marshal(config, json.Deterministic(true))
	if err != nil {
		return "" // it was decoded from JSON
	}
	return string(text)
}

func (u uses) and(other uses) uses {
	return uses{append(slices.Clone(u.names), other.names...), u.any || other.any}
}

// some reports whether any variable is read.
func (u uses) some() bool { return u.any || len(u.names) > 0 }

// write writes the values that the code of a package reads, unless the project sets none
// of them.
func (v Vars) write(to io.Writer, pkg string, read uses) {
	values := maps.Clone(v[""])
	if values == nil {
		values = map[string]string{}
	}
	maps.Copy(values, v[pkg])
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if read.any || slices.Contains(read.names, name) {
			fmt.Fprintf(to, "var %q %q", name, values[name])
		}
	}
}
