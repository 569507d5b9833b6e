package report

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of untrusted text.
const (
	MaxName    = 200 // runes of a name, a reason or a line of a message
	MaxProblem = 500 // runes of a problem with auditing
)

// Clean returns untrusted text as one line of at most limit runes. It drops invisible
// characters and collapses whitespace.
func Clean(s string, limit int) string {
	return Cut(strings.Join(strings.Fields(Printable(s)), " "), limit)
}

// Printable replaces all whitespace and, as strings.Map does, bytes that are not UTF-8,
// and drops control and format characters: escapes, NUL, and marks that change the
// direction of text.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		default:
			return r
		}
	}, s)
}

// Cut shortens s to limit runes, the last of which then is an ellipsis.
func Cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}
