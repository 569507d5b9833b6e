package fingerprint

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// harmless are the settings that change neither rows nor columns.
var harmless = []string{"description", "docs", "group", "tags"}

// merged are the settings whose values in the code are combined with those in YAML, so
// the code does not have the complete value.
var merged = []string{
	"column_types", "grants", "meta", "packages", "persist_docs",
	"post-hook", "post_hook", "pre-hook", "pre_hook", "quoting",
}

// written returns the configuration without harmless settings and meta.tally. It also
// omits the settings of the node's own config() call: the code has their expressions,
// while dbt stores their values, which may depend on the target.
func written(config map[string]any, code string) map[string]any {
	config = maps.Clone(config)
	for _, key := range harmless {
		delete(config, key)
	}
	for _, key := range configured(code) {
		if !slices.Contains(merged, key) {
			delete(config, key)
		}
	}
	if meta, ok := config["meta"].(map[string]any); ok {
		meta = maps.Clone(meta)
		delete(meta, "tally")
		config["meta"] = meta
		if len(meta) == 0 {
			delete(config, "meta")
		}
	}
	return config
}

// configured lists the names of the settings in config(name=value) calls.
func configured(code string) []string {
	const call = "config"
	var names []string
	for {
		at := strings.Index(code, call)
		if at < 0 {
			return names
		}
		whole := at == 0 || !isWord(code[at-1])
		code = code[at+len(call):]
		if rest := strings.TrimLeft(code, " \t\r\n"); whole && strings.HasPrefix(rest, "(") {
			names = append(names, arguments(rest[1:])...)
		}
	}
}

func isWord(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// arguments lists the names of a call's keyword arguments, up to its closing bracket. It
// skips strings and nested brackets.
func arguments(code string) []string {
	var names []string
	depth, word := 1, ""
	for i := 0; i < len(code) && depth > 0; i++ {
		switch c := code[i]; {
		case c == '\'' || c == '"':
			i += stringLength(code[i:]) - 1
			word = "?"
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth > 1 || unicode.IsSpace(rune(c)):
		case c == ',':
			word = ""
		case c == '=':
			if name.MatchString(word) {
				names = append(names, word)
			}
			word = "?" // until the next argument
		default:
			word += string(c)
		}
	}
	return names
}

var name = regexp.MustCompile(`^[A-Za-z_]\w*$`)

// stringLength returns the length of the quoted string at the beginning of the text, or
// the length of the text if the string does not end.
func stringLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return len(text)
}
