package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// History is how the rows of models developed over recorded runs: what the command
// history shows. Counts are integers or null, and times are RFC 3339 in UTC.
type History struct {
	GeneratedAt time.Time      `json:"generated_at"`
	Table       string         `json:"table"`  // the audit table, as the warehouse writes it
	Branch      string         `json:"branch"` // "": every branch
	Target      string         `json:"target"`
	Since       time.Time      `json:"since"`
	Models      []HistoryModel `json:"models"` // ordered by name
	Runs        []Run          `json:"-"`      // newest first
}

// HistoryModel is the history of one node.
type HistoryModel struct {
	NodeID   string         `json:"node_id"` // "" if the project's own hooks wrote its rows
	Name     string         `json:"name"`
	Relation string         `json:"relation"`
	Rows     int64          `json:"rows"`       // after the last run that counted it
	Week     *int64         `json:"change_7d"`  // since the last count that is at least 7 days old
	Month    *int64         `json:"change_30d"` // the same for 30 days
	BuiltAt  time.Time      `json:"built_at"`
	Runs     []HistoryPoint `json:"runs"` // oldest first, at least one

	Points []tally.Point `json:"-"` // the same; Run is the index in History.Runs
}

// HistoryPoint is what one run did to a node.
type HistoryPoint struct {
	BuiltAt  time.Time `json:"built_at"`
	Branch   string    `json:"branch"`
	Commit   string    `json:"commit"`
	URL      string    `json:"url"`
	Before   *int64    `json:"before"`
	Rows     int64     `json:"rows"`
	Inserted *int64    `json:"inserted"`
	Updated  *int64    `json:"updated"`
	Deleted  *int64    `json:"deleted"`
	Changed  *int64    `json:"changed"` // new or changed, by the change column
	Seconds  *float64  `json:"seconds"` // from the before row to the after row
}

// NewHistory fills in the runs and the models. about has everything else.
func NewHistory(about History, runs []tally.Run, trends []tally.Trend) History {
	h := about
	h.Models = []HistoryModel{}
	for _, run := range runs {
		h.Runs = append(h.Runs, RunOf(run))
	}
	for _, t := range trends {
		m := HistoryModel{NodeID: t.NodeID, Name: historyName(t), Relation: t.Relation, Points: t.Points}
		for _, p := range t.Points {
			m.Runs = append(m.Runs, pointOf(p, h.Runs[p.Run]))
		}
		last := m.Runs[len(m.Runs)-1]
		m.Rows, m.BuiltAt = last.Rows, last.BuiltAt
		m.Week, m.Month = m.changeSince(h.GeneratedAt.AddDate(0, 0, -7)), m.changeSince(h.GeneratedAt.AddDate(0, 0, -30))
		h.Models = append(h.Models, m)
	}
	return h
}

// historyName is the name in the node ID or, without one, the relation.
func historyName(t tally.Trend) string {
	if t.NodeID == "" {
		return t.Relation
	}
	return NodeName(t.NodeID)
}

func pointOf(p tally.Point, run Run) HistoryPoint {
	made := HistoryPoint{
		BuiltAt: p.Time.UTC(), Branch: run.Branch, Commit: run.Commit, URL: run.URL,
		Before: p.Before, Rows: p.Count, Seconds: p.Seconds,
	}
	if w := p.Written; w != nil {
		made.Inserted, made.Updated, made.Deleted = w.Inserted, w.Updated, w.Deleted
		if w.Source == tally.FromColumn {
			made.Changed = w.Changed
		}
	}
	return made
}

// changeSince returns the change from the last count at or before a time, or nil if there
// is none.
func (m HistoryModel) changeSince(at time.Time) *int64 {
	var change *int64
	for _, p := range m.Runs {
		if !p.BuiltAt.After(at) {
			change = new(m.Rows - p.Rows)
		}
	}
	return change
}

// WrittenWords returns what the run wrote: "+40 ~20 −5", "65 new or changed" if no more is
// known, or "".
func (p HistoryPoint) WrittenWords() string {
	switch {
	case p.Inserted == nil && p.Changed != nil:
		return newOrChanged(*p.Changed)
	case p.Inserted == nil || p.Updated == nil || p.Deleted == nil:
		return ""
	}
	return joinCounts(" ", count{"+", *p.Inserted, ""}, count{"~", *p.Updated, ""}, count{tally.Minus, *p.Deleted, ""})
}

// Change returns what the run did to the number of rows, or nil if that is not known.
func (p HistoryPoint) Change() *int64 {
	if p.Before == nil {
		return nil
	}
	return new(p.Rows - *p.Before)
}

// WriteHistoryJSON writes the history as JSON: indented, with a newline at the end.
func WriteHistoryJSON(w io.Writer, h History) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(h)
}

// WriteHistoryCSV writes one line per model and run, with a header.
func WriteHistoryCSV(w io.Writer, h History) error {
	number := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	lines := [][]string{{
		"node_id", "relation", "built_at", "branch", "commit", "url", "before", "rows", "inserted", "updated",
		"deleted", "changed", "seconds",
	}}
	for _, m := range h.Models {
		for _, p := range m.Runs {
			seconds := ""
			if p.Seconds != nil {
				seconds = strconv.FormatFloat(*p.Seconds, 'f', -1, 64)
			}
			lines = append(lines, []string{
				m.NodeID, m.Relation, p.BuiltAt.Format(time.RFC3339), p.Branch, p.Commit, p.URL, number(p.Before),
				number(&p.Rows), number(p.Inserted), number(p.Updated), number(p.Deleted),
				number(p.Changed), seconds,
			})
		}
	}
	return csv.NewWriter(w).WriteAll(lines)
}
