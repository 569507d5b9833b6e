package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Headline states the worst first, then how many models changed. quote makes
// foreign text, such as the name of a branch, safe for the surface.
func Headline(r Report, quote func(string) string) string {
	parts := breached(r.Gates)
	failed, code := failedNodes(r), r.DBTExitCode()
	switch {
	case r.Status == Incomplete:
		parts = append(parts, "⚠️ interrupted")
	case failed == "" && code != 0:
		parts = append(parts, fmt.Sprintf("❌ dbt ended with exit code %d", code))
	}
	if failed != "" {
		parts = append(parts, "❌ "+failed+" failed")
	}
	return strings.Join(append(parts, gist(r, quote)), " · ")
}

// breached counts the gates that were breached, in words per severity.
func breached(gates []Gate) []string {
	errors := 0
	for _, g := range gates {
		if g.Severity == tally.SeverityError {
			errors++
		}
	}
	var parts []string
	if errors > 0 {
		parts = append(parts, "❌ "+Plural(errors, "gate")+" breached")
	}
	if warnings := len(gates) - errors; warnings > 0 {
		parts = append(parts, "⚠️ "+Plural(warnings, "gate warning"))
	}
	return parts
}

// DBTExitCode is the first exit code of dbt other than 0; the report's own may be
// that of a gate or of the audit.
func (r Report) DBTExitCode() int {
	code := 0
	for _, i := range r.Invocations {
		code = cmp.Or(code, i.ExitCode)
	}
	return code
}

func gist(r Report, quote func(string) string) string {
	of := func(n int) string { return fmt.Sprintf("%s of %s", tally.Number(n), Plural(len(r.Models), "model")) }
	rebuilt := func(m Model) bool { return m.Status.Changed() && m.Status != tally.New }
	compared := func(m Model) bool { return m.Standing() != m.Status }
	switch {
	case len(r.Models) == 0:
		return "no models ran"
	case !r.Counted():
		return "no rows counted"
	case r.Baseline != nil && slices.ContainsFunc(r.Models, compared):
		n := 0
		for _, m := range r.Models {
			if m.Differs() {
				n++
			}
		}
		verb := " differ from "
		if n == 1 {
			verb = " differs from "
		}
		return of(n) + verb + r.Baseline.Name(quote)
	case r.Totals.Changed > 0 && !slices.ContainsFunc(r.Models, rebuilt):
		return of(r.Totals.Changed) + " new"
	default:
		return of(r.Totals.Changed) + " changed"
	}
}

// Counted reports whether the rows of any model are known.
func (r Report) Counted() bool {
	return slices.ContainsFunc(r.Models, func(m Model) bool { return m.After != nil })
}

// failedNodes counts what failed, in words: "1 model and 2 tests", or "".
func failedNodes(r Report) string {
	models, tests, others := map[string]bool{}, 0, 0
	for _, m := range r.Models {
		if m.Status == tally.Failed {
			models[m.NodeID] = true
		}
	}
	for _, f := range r.Failures {
		switch f.Kind {
		case "model", "seed", "snapshot":
			models[f.NodeID] = true
		case "test", "unit_test":
			tests++
		default:
			others++
		}
	}
	var parts []string
	for _, p := range []struct {
		n    int
		noun string
	}{{len(models), "model"}, {tests, "test"}, {others, "other node"}} {
		if p.n > 0 {
			parts = append(parts, Plural(p.n, p.noun))
		}
	}
	return List(parts)
}
