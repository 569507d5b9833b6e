package tally

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Limits are the gates of one run or, merged with its meta, of one model. The zero value
// has none. A change equal to the limit is not a breach.
type Limits struct {
	MaxDrop, MaxGrowth *Limit // on the change of rows; nil: no such gate
	// MaxUpdated and MaxDeleted limit the rows that a run rewrites in, or deletes from, an
	// incremental model or a snapshot; nil: no such gate.
	MaxUpdated, MaxDeleted *Limit

	MinRows, MaxRows *int64 // on the rows after the run; nil: no such gate
	Unusual          bool   // an unusual change is a breach
	Axis             Axis   // for MaxDrop and MaxGrowth; "": AxisBoth
	Severity         Severity
	MaxFanOut        *Limit // a percentage: how far the rows per row of the largest parent may grow; nil: no such gate
	Scope            Scope
	Columns          ColumnGate
}

// ColumnGate selects which changes of a model's columns are a breach.
type ColumnGate string

// The gates on columns.
const (
	AnyColumns ColumnGate = "off"        // "" means the same
	NoRemoval  ColumnGate = "no-removal" // a removed column
	NoChange   ColumnGate = "no-change"  // a removed column, a new one or one of another type
)

// Scope selects the models for which a breach is an error.
type Scope string

// The scopes.
const (
	ScopeAll    Scope = "all"    // "" means the same
	ScopeEdited Scope = "edited" // those that an edit changed; breaches of others only warn
)

// Axis is what a model's rows are compared with.
type Axis string

// The axes.
const (
	AxisBefore   Axis = "before"   // the model before this run
	AxisBaseline Axis = "baseline" // the model after an earlier run
	AxisBoth     Axis = "both"     // each of the two
)

// Severity is the effect of a breach on the run.
type Severity string

// The severities.
const (
	SeverityError Severity = "error" // it fails; "" means the same
	SeverityWarn  Severity = "warn"  // it is reported
)

// Breach is one gate that one model breached, as texts to show.
type Breach struct {
	NodeID   string
	Gate     string // max-drop, max-growth, min-rows, max-rows, max-updated, max-deleted, max-fanout, columns or unusual
	Axis     Axis   // never AxisBoth; AxisBefore for gates that do not compare
	Limit    string // as the user wrote it: 5%, 100
	Value    string // what was found: −18.4%, +1,204, 0
	Severity Severity
}

// Any reports whether any gate is set.
func (l Limits) Any() bool {
	return len(l.Names()) > 0
}

// Names returns the names of the gates that are set, in the order in which they are
// checked.
func (l Limits) Names() []string {
	var names []string
	for _, gate := range []struct {
		name string
		set  bool
	}{
		{"max-drop", l.MaxDrop != nil},
		{"max-growth", l.MaxGrowth != nil},
		{"min-rows", l.MinRows != nil},
		{"max-rows", l.MaxRows != nil},
		{"max-updated", l.MaxUpdated != nil},
		{"max-deleted", l.MaxDeleted != nil},
		{"unusual", l.Unusual},
		{"max-fanout", l.MaxFanOut != nil},
		{"columns", l.columns()},
	} {
		if gate.set {
			names = append(names, gate.name)
		}
	}
	return names
}

// columns reports whether there is a gate on columns.
func (l Limits) columns() bool { return l.Columns != "" && l.Columns != AnyColumns }

// Validate returns an error for limits that make no sense. It joins all problems, one
// per line.
func (l Limits) Validate() error {
	var problems []error
	if l.MinRows != nil && l.MaxRows != nil && *l.MinRows > *l.MaxRows {
		problems = append(problems, fmt.Errorf("min-rows %s is above max-rows %s; "+
			"lower min-rows or raise max-rows; see %s", Number(*l.MinRows), Number(*l.MaxRows), docs.Gates))
	}
	if l.MaxDrop != nil && l.MaxDrop.Percent && l.MaxDrop.Amount > 100 {
		problems = append(problems,
			fmt.Errorf("max-drop %s cannot be breached; use at most 100%%; see %s", l.MaxDrop, docs.Gates))
	}
	return errors.Join(problems...)
}

// check sets the gates that the model breached, or why they could not be checked.
func (m *Model) check(l Limits) {
	if l.Any() && !m.counted() {
		m.Unchecked = m.Reason
	}
	if !m.counted() {
		return
	}
	breach := func(gate string, axis Axis, limit, value string) {
		m.Breaches = append(m.Breaches, Breach{
			NodeID: m.Node.ID, Gate: gate, Axis: axis, Limit: limit, Value: value,
			Severity: cmp.Or(l.Severity, SeverityError),
		})
	}
	m.checkChange(l, breach)
	if l.MinRows != nil && *m.After < *l.MinRows {
		breach("min-rows", AxisBefore, Number(*l.MinRows), Number(*m.After))
	}
	if l.MaxRows != nil && *m.After > *l.MaxRows {
		breach("max-rows", AxisBefore, Number(*l.MaxRows), Number(*m.After))
	}
	m.checkWritten(l, breach)
	if l.Unusual && m.Unusual {
		breach("unusual", AxisBaseline, "score "+decimal(unusualScore, 0),
			fmt.Sprintf("%s (score %s)", Signed(*m.BaselineChange()), decimal(score(m.History), unusualScore)))
	}
}

// checkChange checks the gates on the change of rows.
func (m *Model) checkChange(l Limits, breach func(gate string, axis Axis, limit, value string)) {
	if l.MaxDrop == nil && l.MaxGrowth == nil {
		return
	}
	axis := cmp.Or(l.Axis, AxisBoth)
	starts := m.starts(axis)
	if len(starts) == 0 {
		m.Unchecked = incomparable[axis]
	}
	for _, s := range starts {
		change := *m.After - s.rows
		if l.MaxDrop.breachedBy(-change, s.rows) {
			breach("max-drop", s.axis, l.MaxDrop.String(), l.MaxDrop.value(change, s.rows))
		}
		if l.MaxGrowth.breachedBy(change, s.rows) {
			breach("max-growth", s.axis, l.MaxGrowth.String(), l.MaxGrowth.value(change, s.rows))
		}
	}
}

// incomparable maps each axis to the reason why a model cannot be compared.
var incomparable = map[Axis]string{
	AxisBefore:   "it has no count before this run",
	AxisBaseline: "it has no baseline",
	AxisBoth:     "it has neither a count before this run nor a baseline",
}

// start is the count from which a change is measured.
type start struct {
	axis Axis
	rows int64
}

// starts returns the known counts that the axis compares with. A first build has none in
// this run: all rows of a new table are new, but that is not growth.
func (m *Model) starts(axis Axis) []start {
	var known []start
	if m.Before != nil && axis != AxisBaseline {
		known = append(known, start{AxisBefore, *m.Before})
	}
	oneFact := m.BaselineIsBefore && len(known) > 0
	if m.Baseline != nil && axis != AxisBefore && !oneFact {
		known = append(known, start{AxisBaseline, *m.Baseline})
	}
	return known
}
