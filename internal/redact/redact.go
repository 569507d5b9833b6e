// Package redact removes secrets from the texts of other programs: dbt, a warehouse, a
// driver. It knows the encodings in which a secret may appear, and the parts that remain
// if a line was cut. It does not find out which values are secret.
package redact

import (
	"slices"
	"strings"
)

// Mark replaces a secret, or several adjacent ones, in a text.
const Mark = "***"

// A Redactor removes a fixed set of secrets from texts. The zero value removes none. It
// is safe for concurrent use.
type Redactor struct {
	masks []string
	index index
}

// New returns a Redactor for these secrets. If a secret has several lines, as a private
// key does, each line is a secret too. Empty secrets are ignored.
func New(secrets []string) Redactor {
	var r Redactor
	var forms []string
	manyLines := map[string]bool{} // secrets of several lines; the tails of the lines suffice
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

// Text returns the text with Mark in place of each secret, in any of its encodings. It
// also replaces a part of a secret that has at least 8 bytes and ends where a line was
// cut.
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

// Command returns the words of a command line without secrets, and without the values of
// dbt's flags that take an arbitrary mapping. Call it before the words are quoted.
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

// mappings are the flags of dbt whose values may contain secrets, because a model can
// read them.
var mappings = []string{"--vars", "--args"}

// Masks returns the secrets and their encodings for a runner to mask in its log. No mask
// is empty or has a line break.
func (r Redactor) Masks() []string { return slices.Clone(r.masks) }

// parts returns the secrets, each also without leading and trailing spaces, and the lines
// of secrets that have several.
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

// unique returns the list without duplicates, in its order.
func unique(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}
