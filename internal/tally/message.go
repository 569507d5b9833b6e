package tally

import (
	"slices"
	"strings"
	"unicode"
)

// Words are the parts of a warehouse's messages on which a tally depends.
type Words struct {
	Missing    []string // for a relation that does not exist, in lower case
	HookFaults []Fault  // mistakes in a project's own hook
}

// Fault is a mistake that a message reveals.
type Fault struct {
	Message string // part of it
	Reason  string // one sentence without a full stop, for the model's line
}

// misses reports whether a message complains that this relation does not exist.
func (w Words) misses(message, relation string) bool {
	names := relationEnds(relation)
	for i, name := range names {
		names[i] = strings.ReplaceAll(name, "\x00", ".")
	}
	for line := range strings.Lines(strings.ToLower(message)) {
		says := func(words string) bool { return strings.Contains(line, words) }
		named := func(name string) bool { return hasWord(line, name) }
		if slices.ContainsFunc(w.Missing, says) && slices.ContainsFunc(names, named) {
			return true
		}
	}
	return false
}

// hookFault returns the mistake in a hook that a message reveals, or "".
func (w Words) hookFault(message string) string {
	for _, fault := range w.HookFaults {
		if strings.Contains(message, fault.Message) {
			return fault.Reason
		}
	}
	return ""
}

// hasWord reports whether a text contains a name that is not part of a longer one.
func hasWord(text, name string) bool {
	inName := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for at := strings.Index(text, name); at >= 0; {
		before, after := text[:at], text[at+len(name):]
		if strings.TrimRightFunc(before, inName) == before && strings.TrimLeftFunc(after, inName) == after {
			return true
		}
		next := strings.Index(text[at+1:], name)
		if next < 0 {
			return false
		}
		at += 1 + next
	}
	return false
}
