package report

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of a foreign text is shown.
const (
	maxName    = 200 // runes of a name, a reason or a line of a message
	maxProblem = 500 // runes of a problem with auditing
	maxLines   = 12  // lines of a message
)

// Names, messages and paths come from strangers: from a fork's branch, from a
// warehouse's error. In Markdown they stand only in code spans and code blocks,
// where nothing is markup, a mention or a link.

// code makes a code span of foreign text, cut to maxName.
func code(s string) string { return span(clean(s, maxName)) }

// span makes a code span of one line of text.
// See https://spec.commonmark.org/0.31.2/#code-spans.
func span(line string) string {
	if line == "" {
		return nothing
	}
	fence := strings.Repeat("`", longestRun(line, '`')+1)
	if strings.HasPrefix(line, "`") || strings.HasSuffix(line, "`") {
		line = " " + line + " "
	}
	return fence + line + fence
}

// harmless is text that no Markdown reader takes for anything but words: there
// is no character in it that starts markup, a mention, an emoji or a link.
var harmless = regexp.MustCompile(`^(?:[A-Za-z ,;()'-]|: )+$`)

// prose shows a reason as the sentence it is where that is safe, else as code.
func prose(reason string) string {
	if line := clean(reason, maxName); harmless.MatchString(line) {
		return line
	}
	return code(reason)
}

// block makes a code block of the first lines of foreign text.
func block(s string) string {
	lines := strings.SplitN(strings.TrimSpace(newlines.Replace(s)), "\n", maxLines+1)
	more := len(lines) > maxLines
	lines = lines[:min(len(lines), maxLines)]
	for i, line := range lines {
		lines[i] = cut(strings.TrimRightFunc(printable(line), unicode.IsSpace), maxName)
	}
	if more {
		lines = append(lines, "…")
	}
	text := strings.Join(lines, "\n")
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + "\n" + text + "\n" + fence
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// clean makes foreign text one line of at most limit runes: what is invisible
// goes, whitespace collapses.
func clean(s string, limit int) string {
	return cut(strings.Join(strings.Fields(printable(s)), " "), limit)
}

// printable replaces all whitespace and, as strings.Map does, bytes that are not
// UTF-8, and drops control and format characters: escapes, NUL, marks that turn
// the direction of text round.
func printable(s string) string {
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

// cut shortens s to limit runes, of which the last then is an ellipsis.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}

// longestRun is the length of the longest run of c in s.
func longestRun(s string, c rune) int {
	longest, run := 0, 0
	for _, r := range s {
		if r != c {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
