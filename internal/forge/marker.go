package forge

import (
	"cmp"
	"encoding/json"
	"strings"
)

// Marker is the hidden first line of a comment. It identifies the job and the run that
// wrote the text.
type Marker struct {
	Key        string `json:"key"`
	RunID      int64  `json:"run_id"`
	RunAttempt int    `json:"run_attempt"`
}

const (
	markerOpen  = "<!-- dbt-tally: "
	markerClose = " -->"
)

// String returns an HTML comment. No key can end it, because Go's JSON contains no line
// break and escapes <, > and &.
func (m Marker) String() string {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return markerOpen + string(text) + markerClose
}

// Split separates a comment into its marker and its text. ok is false if the comment does
// not begin with a marker. A marker further down is a quotation and is ignored.
func Split(body string) (m Marker, text string, ok bool) {
	first, text, _ := strings.Cut(body, "\n")
	rest, opened := strings.CutPrefix(strings.TrimSpace(first), markerOpen)
	object, closed := strings.CutSuffix(rest, markerClose)
	if !opened || !closed || json.Unmarshal([]byte(object), &m) != nil {
		return Marker{}, "", false
	}
	return m, text, true
}

// Compare orders markers by run. A re-run has the same run ID and a higher attempt.
func (m Marker) Compare(other Marker) int {
	return cmp.Or(cmp.Compare(m.RunID, other.RunID), cmp.Compare(m.RunAttempt, other.RunAttempt))
}
