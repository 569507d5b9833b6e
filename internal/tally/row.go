package tally

import (
	"strings"
	"time"
)

// Phase says on which side of a model's build an audit row was written.
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
	Count        *int64    // row_count; nil: the relation was not there, or was not counted
	Materialized string    // "" where the hook did not say and, before a build, where there was no relation
}

// The suffixes by which the tutorial's model_name tells the phases apart.
const (
	beforeSuffix = " - BEFORE"
	afterSuffix  = " - AFTER"
)

// SplitModelName takes a model_name of the audit table apart into the relation
// and the phase. The suffix is compared without regard to case. ok is false
// where there is no such suffix: the row is then not an audit row of ours or of
// the tutorial's.
func SplitModelName(name string) (relation string, phase Phase, ok bool) {
	name = strings.TrimSpace(name)
	for suffix, phase := range map[string]Phase{beforeSuffix: Before, afterSuffix: After} {
		if cut := len(name) - len(suffix); cut > 0 && strings.EqualFold(name[cut:], suffix) {
			return strings.TrimSpace(name[:cut]), phase, true
		}
	}
	return "", "", false
}
