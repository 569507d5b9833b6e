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
	Materialized string    // "" if unknown, and before a build also if there was no relation
	Written      Written   // of an after row; its Source may be a reason, see written.go
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
