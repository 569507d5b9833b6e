package forge

import (
	"regexp"
	"strconv"
	"strings"
)

// Side is a side of a diff, in GitHub's words.
type Side string

// The sides of a diff.
const (
	Left  Side = "LEFT"  // the file before the change
	Right Side = "RIGHT" // the file after it
)

var hunk = regexp.MustCompile(`^@@ -(\d+)(?:,\d+)? \+(\d+)`)

// FirstChange returns the first line that a file's hunks add, on the right side. If they
// add none, it returns the first line that they remove, on the left side. It returns 0 if there is no hunk:
// the file was only renamed, is binary, or its diff is too large for the forge.
func FirstChange(patch string) (line int, side Side) {
	before, after, removed := 0, 0, 0
	for text := range strings.Lines(patch) {
		switch text[0] {
		case '@':
			if start := hunk.FindStringSubmatch(text); start != nil {
				before, _ = strconv.Atoi(start[1])
				after, _ = strconv.Atoi(start[2])
			}
		case '+':
			return after, Right
		case '-':
			if removed == 0 {
				removed = before
			}
			before++
		case '\\': // "No newline at end of file" belongs to the line before
		default:
			before++
			after++
		}
	}
	return removed, Left
}
