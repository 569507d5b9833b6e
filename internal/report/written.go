package report

import (
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Written is what this run wrote to a model's table. Inserted, Updated and Deleted are
// null together if they are not known.
type Written struct {
	Inserted *int64             `json:"inserted"`
	Updated  *int64             `json:"updated"` // rewritten, with other values or with the same
	Deleted  *int64             `json:"deleted"`
	Changed  *int64             `json:"changed"`  // by the change column; of a snapshot, keys with a new version
	Source   tally.ChangeSource `json:"source"`   // "" if the numbers are unknown
	Reason   string             `json:"reason"`   // why they are unknown, or what limits their meaning; otherwise ""
	Versions *Versions          `json:"versions"` // of a snapshot, if they are known
}

// Versions is what a snapshot wrote, by keys.
type Versions struct {
	New     int64 `json:"new"`     // keys that it did not have
	Changed int64 `json:"changed"` // keys with a new version
	Closed  int64 `json:"closed"`  // keys that are gone
}

// Adapter is what the adapter reports of the statement that built a model. Each adapter
// reports some of it: a text is "" and a number null if it is unknown.
type Adapter struct {
	Code           string `json:"code"` // of the statement, such as SELECT or SUCCESS
	RowsAffected   *int64 `json:"rows_affected"`
	QueryID        string `json:"query_id"` // Snowflake, Databricks
	JobID          string `json:"job_id"`   // BigQuery, as the next two
	ProjectID      string `json:"project_id"`
	Location       string `json:"location"`
	BytesProcessed *int64 `json:"bytes_processed"` // BigQuery, Athena
	BytesBilled    *int64 `json:"bytes_billed"`    // BigQuery, as the next
	SlotMS         *int64 `json:"slot_ms"`
}

// possible reports whether the figures are such that New and WriteJSON produce.
func (a *Adapter) possible() bool {
	if a == nil {
		return true
	}
	for _, n := range []*int64{a.RowsAffected, a.BytesProcessed, a.BytesBilled, a.SlotMS} {
		if n != nil && !within(float64(*n), 1<<53) {
			return false
		}
	}
	return true
}

func writtenOf(w *tally.Written) *Written {
	if w == nil {
		return nil
	}
	made := Written{
		Inserted: w.Inserted, Updated: w.Updated, Deleted: w.Deleted, Changed: w.Changed,
		Source: w.Source, Reason: w.Reason,
	}
	if w.Versions != nil {
		made.Versions = new(Versions(*w.Versions))
	}
	return &made
}

// tally returns the value from which writtenOf makes this one.
func (w *Written) tally() *tally.Written {
	if w == nil {
		return nil
	}
	made := tally.Written{
		Inserted: w.Inserted, Updated: w.Updated, Deleted: w.Deleted, Changed: w.Changed,
		Source: w.Source, Reason: w.Reason,
	}
	if w.Versions != nil {
		made.Versions = new(tally.Versions(*w.Versions))
	}
	return &made
}

// counts returns all numbers.
func (w *Written) counts() []*int64 {
	if w == nil {
		return nil
	}
	counts := []*int64{w.Inserted, w.Updated, w.Deleted, w.Changed}
	if v := w.Versions; v != nil {
		counts = append(counts, &v.New, &v.Changed, &v.Closed)
	}
	return counts
}

// WrittenWords returns what this run wrote to a model that existed before: "+40 ~20 −5",
// "40 new, 20 changed, 5 closed" of a snapshot, or "65 new or changed" if its change column
// shows no more; "" if it wrote nothing, or if that is not known. Of a table that was built
// anew, only its columns show it.
func WrittenWords(m Model) string {
	w := m.Written
	switch {
	case w == nil, m.Status == tally.New,
		m.Materialized != "incremental" && m.ResourceType != "snapshot" && w.Source != tally.FromColumn:
		return ""
	case w.Versions != nil:
		return joinCounts(", ", count{"", w.Versions.New, " new"}, count{"", w.Versions.Changed, " changed"},
			count{"", w.Versions.Closed, " closed"})
	case w.Source == tally.FromColumn && w.Inserted == nil && w.Changed != nil:
		return newOrChanged(*w.Changed)
	case w.Inserted == nil || w.Updated == nil || w.Deleted == nil:
		return ""
	}
	return joinCounts(" ", count{"+", *w.Inserted, ""}, count{"~", *w.Updated, ""},
		count{tally.Minus, *w.Deleted, ""})
}

// CarriedWords marks a count that is carried over from an earlier run; "" for others.
func CarriedWords(m Model) string {
	if m.CountSource != tally.Carried {
		return ""
	}
	return "count carried over"
}

func newOrChanged(rows int64) string { return joinCounts("", count{"", rows, " new or changed"}) }

// WroteMore reports whether what the run wrote to a model says more than the change of
// its number of rows.
func (m Model) WroteMore() bool {
	words := WrittenWords(m)
	return words != "" && (m.Change == nil || words != tally.Signed(*m.Change))
}

// count is a number with the text around it.
type count struct {
	sign  string
	n     int64
	after string
}

// joinCounts leaves zeros out.
func joinCounts(separator string, counts ...count) string {
	var words []string
	for _, c := range counts {
		if c.n != 0 {
			words = append(words, c.sign+tally.Number(c.n)+c.after)
		}
	}
	return strings.Join(words, separator)
}
