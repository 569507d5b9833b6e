package github

import (
	"cmp"
	"encoding/json"
	"strings"
)

// marker is the hidden first line of a comment: whose it is and which run's text
// it bears.
type marker struct {
	Key        string `json:"key"`
	RunID      int64  `json:"run_id"`
	RunAttempt int    `json:"run_attempt"`
}

const (
	markerOpen  = "<!-- dbt-tally: "
	markerClose = " -->"
)

// String is an HTML comment that no key can end: JSON as Go writes it has no
// line break and escapes <, > and &.
func (m marker) String() string {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return markerOpen + string(text) + markerClose
}

// split takes a comment apart into its marker and its text. ok is false where
// it does not begin with a marker: one that is quoted further down says nothing
// of the comment it stands in.
func split(body string) (m marker, text string, ok bool) {
	first, text, _ := strings.Cut(body, "\n")
	rest, opened := strings.CutPrefix(strings.TrimSpace(first), markerOpen)
	object, closed := strings.CutSuffix(rest, markerClose)
	if !opened || !closed || json.Unmarshal([]byte(object), &m) != nil {
		return marker{}, "", false
	}
	return m, text, true
}

// compare orders markers by run: a re-run has the run's ID and a higher attempt.
func (m marker) compare(other marker) int {
	return cmp.Or(cmp.Compare(m.RunID, other.RunID), cmp.Compare(m.RunAttempt, other.RunAttempt))
}
