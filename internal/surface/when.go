package surface

import (
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

// deserves reports whether a report creates a surface under the user's choice. An
// existing surface is always updated.
func deserves(when config.When, r report.Report) bool {
	problem := r.Status != report.Success || len(r.Audit.Problems) > 0 || len(r.Gates) > 0 || len(r.GatesUnchecked) > 0
	differs := func(m report.Model) bool { return m.BaselineChange != nil && *m.BaselineChange != 0 }
	switch when {
	case config.Problems:
		return problem
	case config.Changes:
		return problem || r.Totals.Changed > 0 || slices.ContainsFunc(r.Models, differs)
	}
	return true
}
