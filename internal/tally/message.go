package tally

import (
	"slices"
	"strings"
	"unicode"
)

// Words are what a warehouse's messages say, as far as a tally depends on it.
type Words struct {
	Missing    []string // that a relation is not there, in lower case
	HookFaults []Fault  // what is wrong with a project's own hook
}

// Fault is a mistake that a message gives away.
type Fault struct {
	Message string // part of it
	Reason  string // one sentence without a full stop, for the model's line
}

// misses says whether a message complains that this relation is not there.
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

// hookFault returns what is wrong with the hook that a message is about, "" if the
// message does not give it away.
func (w Words) hookFault(message string) string {
	for _, fault := range w.HookFaults {
		if strings.Contains(message, fault.Message) {
			return fault.Reason
		}
	}
	return ""
}

// hasWord says whether a name is in a text and not part of a longer one.
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
