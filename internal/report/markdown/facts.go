package markdown

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/report"
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

// facts states where dbt built, what was run, and how long that and the audit
// took.
func facts(r report.Report) string {
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
			report.List(slices.Compact(commands)), report.Duration(took.Seconds()), audit(r.Audit)))
	}
	if text := compared(r); text != "" {
		parts = append(parts, text)
	}
	return strings.Join(parts, " · ")
}

func audit(a report.Audit) string {
	statements := report.Plural(a.Statements, "statement")
	switch {
	case a.Table == "":
		return "not audited"
	case a.Seconds == nil:
		return "audit: " + statements
	default:
		return fmt.Sprintf("audit %s, %s", report.Duration(*a.Seconds), statements)
	}
}

// verb is the dbt command without its arguments, or all of it if it has no word
// that is a command.
func verb(command string) string {
	for word := range strings.FieldsSeq(command) {
		if slices.Contains(verbs, word) {
			return word
		}
	}
	return code(command)
}

// webPage is what an address looks like. Whoever may write to the run table wrote
// the baseline's, so anything else is not linked.
var webPage = regexp.MustCompile(`^https?://[A-Za-z0-9._:/-]+$`)

// compared states which run the report compares with, and how old that is; "" if
// it compares with none and none was looked for.
func compared(r report.Report) string {
	if r.Baseline == nil && r.Sought != nil {
		return r.Sought.NotFound(code)
	}
	if r.Baseline == nil {
		return ""
	}
	with := r.Baseline.Name(prose) + r.Baseline.At()
	if webPage.MatchString(r.Baseline.URL) {
		with = "[" + with + "](" + r.Baseline.URL + ")"
	}
	return "compared with " + with + ", " + report.BaselineAge(r)
}
