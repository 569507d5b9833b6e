package profile

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// minSecret is the length in characters below which a value is not masked: replacing
// each "1" or "no" would reveal where it occurs and make every log unreadable.
const minSecret = 3

var (
	secretKey = regexp.MustCompile(`(?i)pass(word|wd|phrase|code)|token|secret|credential` +
		`|(?:private|api|access|account|encryption)_?key|connection_?string|^pass$|^pwd$`)
	// The location, the source or the name of a secret is not a secret.
	secretPlace = regexp.MustCompile(`(?i)_(path|file|uri|url|endpoint|id|type|name)$`)
	// A secret inside a connection string: md:db?motherduck_token=…, PWD=…;
	secretInText = regexp.MustCompile(`(?i)(?:\w*(?:passw(?:or)?d|token|secret)|pwd|pass)=([^&;\s]+)`)
)

// secretsOf lists the values of the settings that must be masked: those whose key, at
// any depth, mentions a password, a token, a key or the like, those with such a name
// inside a longer string, and the secret environment variables that were read. A value
// of several lines is listed as a whole and line by line, because logs are masked by
// line. The longest come first, so that replacing them in order leaves no part of a
// longer one.
func secretsOf(settings map[string]any, fromEnvironment map[string]string) []string {
	found := map[string]bool{}
	add := func(value string) {
		for _, line := range append(strings.Split(value, "\n"), value) {
			line = strings.TrimSpace(line)
			// The frame of a PEM block is not secret.
			frame := line != strings.TrimSpace(value) && strings.HasPrefix(line, "-----")
			if utf8.RuneCountInString(line) >= minSecret && !frame {
				found[line] = true
			}
		}
	}
	walkScalars(settings, "", func(key string, value any) {
		if value == nil || value == true || value == false {
			return
		}
		text := pythonString(value)
		if secretKey.MatchString(key) && !secretPlace.MatchString(key) {
			add(text)
		}
		for _, match := range secretInText.FindAllStringSubmatch(text, -1) {
			add(match[1])
		}
	})
	for _, value := range fromEnvironment {
		add(value)
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
	})
}

// walkScalars calls visit with every scalar and the nearest key above it.
func walkScalars(value any, key string, visit func(key string, value any)) {
	switch v := value.(type) {
	case map[string]any:
		for k, item := range v {
			walkScalars(item, k, visit)
		}
	case []any:
		for _, item := range v {
			walkScalars(item, key, visit)
		}
	default:
		visit(key, v)
	}
}
