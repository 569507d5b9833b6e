package markdown

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// maxLines is how many lines of a message are shown.
const maxLines = 12

// Names, messages and paths come from strangers: from a fork's branch, from a
// warehouse's error. In Markdown they stand only in code spans and code blocks,
// where nothing is markup, a mention or a link.

// code makes a code span of foreign text, cut to report.MaxName.
func code(s string) string { return span(report.Clean(s, report.MaxName)) }

// span makes a code span of one line of text.
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

// harmless is text that no Markdown reader takes for anything but words: there
// is no character in it that starts markup, a mention, an emoji or a link.
var harmless = regexp.MustCompile(`^(?:[A-Za-z ,;()'-]|: )+$`)

// prose shows a reason as the sentence it is where that is safe, else as code.
func prose(reason string) string {
	if line := report.Clean(reason, report.MaxName); harmless.MatchString(line) {
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
