package tally

import (
	"strings"
	"time"
)

// Phase is whether an audit row was written before or after a model's build.
type Phase string

// The two phases of an audit row.
const (
	Before Phase = "before"
	After  Phase = "after"
)

// Row is one row of the audit table.
type Row struct {
	Invocation   string    // run_id: dbt's invocation_id
	NodeID       string    // dbt's unique_id; "" in a row that the project's own hooks wrote
	Relation     string    // model_name without its phase, as it was written
	Phase        Phase     //
	Time         time.Time // execution_time, UTC
	Count        *int64    // row_count; nil: the relation did not exist, or was not counted
	CountSource  CountSource
	Materialized string  // "" if unknown, and before a build also if there was no relation
	Written      Written // of an after row; its Source may be a reason, see written.go
}

// CountSource is where a count is from: the column count_source, "" if it is unknown.
type CountSource string

// The sources of a count.
const (
	Counted     CountSource = "counted" // by count(*)
	FromInsert  CountSource = "adapter" // what the adapter reports of the insert into a new table
	FromChanges CountSource = "derived" // the count before, plus inserted, less deleted rows
	// Carried counts are those of an earlier run, because the warehouse's statistics showed
	// no change since, or derived from one. The statistics do not show the last seconds.
	Carried CountSource = "carried"
)

// Known reports whether it is a source, or "".
func (s CountSource) Known() bool {
	return s == "" || s == Counted || s == FromInsert || s == FromChanges || s == Carried
}

// The suffixes of the tutorial's model_name, which distinguish the phases.
const (
	beforeSuffix = " - BEFORE"
	afterSuffix  = " - AFTER"
)

// SplitModelName splits a model_name of the audit table into the relation and the phase.
// The case of the suffix does not matter. ok is false if there is no such suffix: the
// row is then neither an audit row of dbt-tally nor one of the tutorial.
func SplitModelName(name string) (relation string, phase Phase, ok bool) {
	name = strings.TrimSpace(name)
	for suffix, phase := range map[string]Phase{beforeSuffix: Before, afterSuffix: After} {
		if cut := len(name) - len(suffix); cut > 0 && strings.EqualFold(name[cut:], suffix) {
			return strings.TrimSpace(name[:cut]), phase, true
		}
	}
	return "", "", false
}

// pair contains the before row and the after row of one node. A node may have more rows: of
// the tutorial's hooks and the injected ones, of several batches of a microbatch model, or
// of two invocations. Rows with a node ID take precedence; among these, pair uses the first
// before row and the last after row.
type pair struct {
	before, after *Row
	wrote         []*Row // all after rows with a node ID
}

// add takes the rows of a node in the order in which they were written.
func (p *pair) add(r Row) {
	side := &p.before
	if r.Phase == After {
		side = &p.after
		if r.NodeID != "" {
			p.wrote = append(p.wrote, &r)
		}
	}
	switch held := *side; {
	case held == nil,
		held.NodeID == "" && r.NodeID != "",
		r.Phase == After && (held.NodeID == "") == (r.NodeID == ""):
		*side = &r
	}
}

// countBefore returns the rows before the run, or nil if they are unknown.
func (p pair) countBefore() *int64 {
	if p.before == nil {
		return nil
	}
	return p.before.Count
}

// countSource returns where the count after the run is from, or Carried if either count is
// carried over.
func (p pair) countSource() CountSource {
	switch {
	case p.before != nil && p.before.CountSource == Carried:
		return Carried
	case p.after != nil:
		return p.after.CountSource
	}
	return ""
}

// seconds returns the time from the before row to the after row, or nil if it is unknown:
// both rows have the same time if the hooks use the time of the transaction.
func (p pair) seconds() *float64 {
	if p.before == nil || p.after == nil || !p.after.Time.After(p.before.Time) {
		return nil
	}
	seconds := p.after.Time.Sub(p.before.Time).Seconds()
	return &seconds
}
