package markdown

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// maxLines is how many lines of a message are shown.
const maxLines = 12

// Names, messages and paths are untrusted: anyone can choose them in a fork's branch or
// provoke them in a warehouse's error. In Markdown they occur only in code spans and code
// blocks, which contain no markup, mention or link.

// code returns untrusted text as a code span, cut to report.MaxName.
func code(s string) string { return span(report.Clean(s, report.MaxName)) }

// span returns one line of text as a code span.
// See https://spec.commonmark.org/0.31.2/#code-spans.
func span(line string) string {
	if line == "" {
		return report.Nothing
	}
	fence := strings.Repeat("`", longestRun(line, '`')+1)
	if strings.HasPrefix(line, "`") || strings.HasSuffix(line, "`") {
		line = " " + line + " "
	}
	return fence + line + fence
}

// harmless matches text that every Markdown renderer shows as plain words: no character
// of it can start markup, a mention, an emoji or a link.
var harmless = regexp.MustCompile(`^(?:[A-Za-z ,;()'-]|: )+$`)

// prose returns a reason as a sentence if that is safe, otherwise as code.
func prose(reason string) string {
	if line := report.Clean(reason, report.MaxName); harmless.MatchString(line) {
		return line
	}
	return code(reason)
}

// block returns the first lines of untrusted text as a code block.
func block(s string) string {
	lines := strings.SplitN(strings.TrimSpace(newlines.Replace(s)), "\n", maxLines+1)
	more := len(lines) > maxLines
	lines = lines[:min(len(lines), maxLines)]
	for i, line := range lines {
		lines[i] = report.Cut(strings.TrimRightFunc(report.Printable(line), unicode.IsSpace), report.MaxName)
	}
	if more {
		lines = append(lines, "…")
	}
	text := strings.Join(lines, "\n")
	fence := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	return fence + "\n" + text + "\n" + fence
}

var newlines = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// longestRun returns the length of the longest run of c in s.
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
