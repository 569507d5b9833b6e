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

// merged are the settings whose values in the code and in YAML are put together, so
// that the code does not say all.
var merged = []string{
	"column_types", "grants", "meta", "packages", "persist_docs",
	"post-hook", "post_hook", "pre-hook", "pre_hook", "quoting",
}

// written is the configuration without what is harmless and without meta.tally.
// A setting of the node's own config() call is left out too: the code has it, as it
// is written, while dbt keeps its value, which may be the target's.
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

// arguments lists the names of a call's keyword arguments, up to its closing
// bracket. It looks into no string and into no bracket within.
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

// stringLength is the length of the quoted string that the text begins with, or of
// all of it if the string does not end.
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
