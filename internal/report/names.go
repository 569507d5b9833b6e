package report

import (
	"fmt"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Names returns the display names of models: their names or, if several share one (in two
// packages, or as versions), the part of their unique_id after the kind.
func Names(models []Model) func(Model) string {
	bearers := map[string]int{}
	for _, m := range models {
		bearers[m.Name]++
	}
	return func(m Model) string {
		_, qualified, ok := strings.Cut(m.NodeID, ".")
		if bearers[m.Name] > 1 && ok {
			return qualified
		}
		return m.Name
	}
}

// Unaudited states for each reason how many models left no audit row, in the order of the
// models. quote makes the reason safe for the surface.
func Unaudited(models []Model, quote func(string) string) []string {
	var reasons []string
	count := map[string]int{}
	for _, m := range models {
		if m.Status != tally.NoAuditRow {
			continue
		}
		if count[m.Reason] == 0 {
			reasons = append(reasons, m.Reason)
		}
		count[m.Reason]++
	}
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%s left no audit row: %s", Plural(count[reason], "model"), quote(reason))
	}
	return reasons
}
