// Package redact takes secrets out of text that others wrote: dbt, a warehouse, a
// driver. It knows the encodings in which a secret comes back, and the parts that
// are left when a line was cut. It does not find out what is secret.
package redact

import (
	"slices"
	"strings"
)

// Mark stands in a text for a secret, or for several that touch.
const Mark = "***"

// A Redactor takes a fixed set of secrets out of texts. The zero value knows none.
// It may be used by several goroutines.
type Redactor struct {
	masks []string
	index index
}

// New returns a Redactor for these secrets. Of one with several lines, as a private
// key, each line is a secret too. Empty ones count for nothing.
func New(secrets []string) Redactor {
	var r Redactor
	var forms []string
	manyLines := map[string]bool{} // whose tails are those of their lines
	for _, secret := range parts(secrets) {
		once, twice := formsOf(secret)
		r.masks = append(r.masks, once...)
		forms = append(forms, twice...)
		for _, form := range twice {
			manyLines[form] = strings.Contains(secret, "\n")
		}
	}
	r.masks = unique(r.masks)
	r.index = newIndex(unique(forms), func(form string) bool { return !manyLines[form] })
	return r
}

// Text returns the text with Mark in place of each secret in whatever encoding, and
// of each part of one that has 8 bytes or more and ends where a line was cut.
func (r Redactor) Text(text string) string {
	spans := r.index.find(text)
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	done := 0
	for _, s := range spans {
		b.WriteString(text[done:s.from])
		b.WriteString(Mark)
		done = s.to
	}
	b.WriteString(text[done:])
	return b.String()
}

// Command returns a command line, word by word, without secrets and without the
// values of dbt's flags that take a mapping of anything. It has to be called before
// the words are quoted.
func (r Redactor) Command(words []string) []string {
	kept := make([]string, len(words))
	for i, word := range words {
		flag, _, given := strings.Cut(word, "=")
		switch {
		case i > 0 && slices.Contains(mappings, words[i-1]):
			kept[i] = Mark
		case given && slices.Contains(mappings, flag):
			kept[i] = flag + "=" + Mark
		default:
			kept[i] = r.Text(word)
		}
	}
	return kept
}

// mappings are the flags of dbt that are given secrets because a model reads them.
var mappings = []string{"--vars", "--args"}

// Masks returns the secrets and their encodings as a runner is to mask them in its
// log. None has a line break or is empty.
func (r Redactor) Masks() []string { return slices.Clone(r.masks) }

// parts returns the secrets, each also without the space around it, and the lines
// of those that have several.
func parts(secrets []string) []string {
	var all []string
	for _, secret := range secrets {
		trimmed := strings.TrimSpace(secret)
		if trimmed == "" {
			continue
		}
		all = append(all, secret, trimmed)
		if !strings.Contains(trimmed, "\n") {
			continue
		}
		for line := range strings.Lines(trimmed) {
			line = strings.TrimSpace(line)
			if len(line) >= partial && !strings.HasPrefix(line, "-----") { // BEGIN PRIVATE KEY
				all = append(all, line)
			}
		}
	}
	return unique(all)
}

// unique returns the list without what stands in it twice, in its order.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}
