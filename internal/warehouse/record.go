package warehouse

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// record is one row as text, so that the result does not depend on a driver's types. A
// value is nil if it is null, or if the table lacks the column.
type record struct {
	modelName, executionTime, rowCount, runID, nodeID, phase, materialized *string
	inserted, updated, deleted, changed, changeSource, countSource         *string
}

// recordColumns are the columns of a record, in its order.
var recordColumns = []string{
	"model_name", "execution_time", "row_count", "run_id", "node_id", "phase", "materialized",
	"inserted_rows", "updated_rows", "deleted_rows", "changed_rows", "change_source",
	"count_source",
}

// fields returns pointers to the values, in the order of recordColumns.
func (r *record) fields() []**string {
	return []**string{
		&r.modelName, &r.executionTime, &r.rowCount, &r.runID, &r.nodeID, &r.phase, &r.materialized,
		&r.inserted, &r.updated, &r.deleted, &r.changed, &r.changeSource, &r.countSource,
	}
}

// parseRows leaves out rows whose phase is unknown.
func parseRows(texts [][]*string) ([]tally.Row, error) {
	rows := make([]tally.Row, 0, len(texts))
	for _, values := range texts {
		r, err := newRecord(values)
		if err != nil {
			return nil, err
		}
		row, ok, err := r.row()
		if err != nil {
			return nil, err
		}
		if ok {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// ParseRows parses rows that dbt_tally_finish reported, with these columns. Columns that
// are not known are ignored, because the macros may be of another version.
func ParseRows(columns []string, texts [][]*string) ([]tally.Row, error) {
	rows := make([][]*string, 0, len(texts))
	for _, values := range texts {
		if len(values) != len(columns) {
			return nil, fmt.Errorf("an audit row of %d values; expected %d", len(values), len(columns))
		}
		row := make([]*string, len(recordColumns))
		for i, name := range recordColumns {
			if at := slices.Index(columns, name); at >= 0 {
				row[i] = values[at]
			}
		}
		rows = append(rows, row)
	}
	return parseRows(rows)
}

// newRecord returns a record with the values of recordColumns.
func newRecord(values []*string) (r record, err error) {
	fields := r.fields()
	if len(values) != len(fields) {
		return record{}, fmt.Errorf("an audit row of %d values; expected %d", len(values), len(fields))
	}
	for i, field := range fields {
		*field = values[i]
	}
	return r, nil
}

// row returns the record as an audit row. ok is false if the row has no phase and its
// name does not contain one either.
func (r record) row() (row tally.Row, ok bool, err error) {
	row = tally.Row{
		Invocation: deref(r.runID), NodeID: deref(r.nodeID), Materialized: deref(r.materialized),
		CountSource: tally.CountSource(deref(r.countSource)),
	}
	relation, phase, named := tally.SplitModelName(deref(r.modelName))
	switch own := tally.Phase(strings.ToLower(deref(r.phase))); {
	case own == tally.Before, own == tally.After:
		phase = own
	case !named:
		return tally.Row{}, false, nil
	}
	if !named {
		relation = deref(r.modelName)
	}
	row.Relation, row.Phase = relation, phase
	if row.Count, err = parseCount(r.rowCount); err != nil {
		return tally.Row{}, false, fmt.Errorf("row_count of %q: %w", deref(r.modelName), err)
	}
	if row.Time, err = parseTime(deref(r.executionTime)); err != nil {
		return tally.Row{}, false, fmt.Errorf("execution_time of %q: %w", deref(r.modelName), err)
	}
	if row.Written, err = r.written(); err != nil {
		return tally.Row{}, false, fmt.Errorf("the written rows of %q: %w", deref(r.modelName), err)
	}
	return row, true, nil
}

// written returns the numbers of an after row as they are.
func (r record) written() (w tally.Written, err error) {
	w.Source = tally.ChangeSource(deref(r.changeSource))
	for _, number := range []struct {
		text *string
		to   **int64
	}{{r.inserted, &w.Inserted}, {r.updated, &w.Updated}, {r.deleted, &w.Deleted}, {r.changed, &w.Changed}} {
		if *number.to, err = parseCount(number.text); err != nil {
			return tally.Written{}, err
		}
	}
	return w, nil
}

// parseCount accepts a count from a numeric or text column, for example 12.00.
func parseCount(s *string) (*int64, error) {
	if s == nil || strings.TrimSpace(*s) == "" {
		return nil, nil
	}
	if n, err := strconv.ParseInt(*s, 10, 64); err == nil {
		return &n, nil
	}
	n, ok := new(big.Rat).SetString(strings.TrimSpace(*s))
	if !ok || !n.IsInt() || !n.Num().IsInt64() {
		return nil, fmt.Errorf("%q is not a number of rows", *s)
	}
	count := n.Num().Int64()
	return &count, nil
}

// The engines' text formats of a timestamp. Go accepts a fraction of a second after each
// of them. A time without an offset is in UTC.
var timeLayouts = []string{
	"2006-01-02 15:04:05", "2006-01-02 15:04:05Z07", "2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST",
	"2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02",
}

// parseTime returns the zero time for "".
func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a timestamp", s)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
