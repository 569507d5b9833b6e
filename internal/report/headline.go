package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// adapters are the names that warehouses call themselves by.
var adapters = map[string]string{
	"bigquery":   "BigQuery",
	"databricks": "Databricks",
	"duckdb":     "DuckDB",
	"mariadb":    "MariaDB",
	"mysql":      "MySQL",
	"postgres":   "PostgreSQL",
	"redshift":   "Redshift",
	"snowflake":  "Snowflake",
	"spark":      "Spark",
}

// verbs are dbt's commands.
var verbs = []string{
	"build", "clone", "compile", "debug", "deps", "docs", "list", "ls", "parse",
	"retry", "run", "run-operation", "seed", "show", "snapshot", "source", "test",
}

// headline says the worst first, then how many models changed.
func headline(r Report) string {
	parts := breached(r.Gates)
	failed, code := failedNodes(r), dbtExitCode(r)
	switch {
	case r.Status == Incomplete:
		parts = append(parts, "⚠️ interrupted")
	case failed == "" && code != 0:
		parts = append(parts, fmt.Sprintf("❌ dbt ended with exit code %d", code))
	}
	if failed != "" {
		parts = append(parts, "❌ "+failed+" failed")
	}
	return strings.Join(append(parts, gist(r)), " · ")
}

// breached counts the gates that were breached, in words for each severity.
func breached(gates []Gate) []string {
	errors := 0
	for _, g := range gates {
		if g.Severity == tally.SeverityError {
			errors++
		}
	}
	var parts []string
	if errors > 0 {
		parts = append(parts, "❌ "+plural(errors, "gate")+" breached")
	}
	if warnings := len(gates) - errors; warnings > 0 {
		parts = append(parts, "⚠️ "+plural(warnings, "gate warning"))
	}
	return parts
}

// dbtExitCode is the first exit code of dbt other than 0; the report's own may
// tell of a gate or of the audit.
func dbtExitCode(r Report) int {
	code := 0
	for _, i := range r.Invocations {
		code = cmp.Or(code, i.ExitCode)
	}
	return code
}

func gist(r Report) string {
	of := func(n int) string { return fmt.Sprintf("%s of %s", number(n), plural(len(r.Models), "model")) }
	first := func(m Model) bool { return m.Status.Changed() && m.Status != tally.New }
	switch {
	case len(r.Models) == 0:
		return "no models ran"
	case !counted(r):
		return "no rows counted"
	case r.Baseline != nil && slices.ContainsFunc(r.Models, func(m Model) bool { return standing(m) != m.Status }):
		n := 0
		for _, m := range r.Models {
			if differs(m) {
				n++
			}
		}
		verb := " differ from "
		if n == 1 {
			verb = " differs from "
		}
		return of(n) + verb + branch(r.Baseline)
	case r.Totals.Changed > 0 && !slices.ContainsFunc(r.Models, first):
		return of(r.Totals.Changed) + " new"
	default:
		return of(r.Totals.Changed) + " changed"
	}
}

// counted says whether the rows of any model are known.
func counted(r Report) bool {
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
			parts = append(parts, plural(p.n, p.noun))
		}
	}
	return list(parts)
}

// facts says where dbt built, what was run, and what it and the audit took.
func facts(r Report) string {
	var parts []string
	if r.Target.Name != "" {
		adapter, known := adapters[r.Target.Type]
		if !known {
			adapter = code(r.Target.Type)
		}
		parts = append(parts, code(r.Target.Name)+" on "+adapter)
	}
	var commands []string
	var took time.Duration
	for _, i := range r.Invocations {
		commands = append(commands, verb(i.Command))
		took += i.CompletedAt.Sub(i.StartedAt)
	}
	if len(commands) > 0 {
		parts = append(parts, fmt.Sprintf("%s in %s (%s)",
			list(slices.Compact(commands)), duration(took.Seconds()), audit(r.Audit)))
	}
	if text := compared(r); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, " · ")
}

func audit(a Audit) string {
	statements := plural(a.Statements, "statement")
	switch {
	case a.Table == "":
		return "not audited"
	case a.Seconds == nil:
		return "audit: " + statements
	default:
		return fmt.Sprintf("audit %s, %s", duration(*a.Seconds), statements)
	}
}

// verb is the dbt command without its arguments, or all of it where no word of
// it is known.
func verb(command string) string {
	for word := range strings.FieldsSeq(command) {
		if slices.Contains(verbs, word) {
			return word
		}
	}
	return code(command)
}

// list joins words as a sentence does: "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
