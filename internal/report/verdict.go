package report

import (
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Verdict is the result of the gates of a run, in GitHub's words for the conclusion of a
// check run.
type Verdict string

// The verdicts.
const (
	Passed    Verdict = "success"
	Breached  Verdict = "failure" // a gate of severity error, or gates that had to be checked and could not be
	Undecided Verdict = "neutral" // only gates of severity warn, or gates that could not be checked
)

// Judge returns the verdict and the reason for it, in plain words without any text of the
// report. A breach counts even if dbt failed. If dbt failed without a breach, the nodes
// that it did not build were not checked.
func Judge(r Report) (Verdict, string) {
	breaches := countBreaches(r.Gates)
	fails := func(g Gate) bool { return g.Severity == tally.SeverityError }
	switch {
	case slices.ContainsFunc(r.Gates, fails):
		return Breached, breaches
	case len(r.GatesUnchecked) > 0:
		return Breached, "gates could not be checked"
	case r.Status == Incomplete:
		return Undecided, "dbt was interrupted before all gates could be checked"
	case r.Status == Failed:
		return Undecided, "dbt failed before all gates could be checked"
	case len(r.Models) > 0 && !r.Counted():
		return Undecided, "no rows were counted, so no gate could be checked"
	case len(r.Gates) > 0:
		return Undecided, breaches
	default:
		return Passed, "no gate breached"
	}
}

// countBreaches counts the breached gates, in words per severity.
func countBreaches(gates []Gate) string {
	var parts []string
	for _, alarm := range alarms {
		n := 0
		for _, g := range gates {
			if g.Severity == alarm.Severity {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, alarm.Sign+" "+breachCount(n, "", alarm.Severity))
		}
	}
	return strings.Join(parts, " · ")
}
