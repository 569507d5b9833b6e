package markdown

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// adapters maps adapters to the names of their warehouses.
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

// headline returns the worst fact, with a link to the run in dbt Cloud if it ran there. The
// link is last, because a mail shows its address.
func headline(r report.Report, h report.Headline) string {
	text := strings.TrimSpace(h.Sign + " dbt-tally · " + h.Text)
	if r.Cloud != nil && webPage.MatchString(r.Cloud.URL) {
		text += fmt.Sprintf(" · [run %d in dbt Cloud](%s)", r.Cloud.RunID, r.Cloud.URL)
	}
	return text
}

// facts returns the line below the headline: further facts, the baseline, and links.
func facts(r report.Report, more []string, links Links) string {
	parts := slices.Clone(more)
	if text := compared(r); text != "" {
		parts = append(parts, text)
	}
	if links.Run != "" {
		parts = append(parts, "[this run]("+links.Run+")")
	}
	if links.Report != "" {
		parts = append(parts, "[report]("+links.Report+")")
	}
	return strings.Join(parts, " · ")
}

// where states the target, the commands, their duration and the cost of the audit.
func where(r report.Report) string {
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
		parts = append(parts, fmt.Sprintf("%s in %s",
			report.List(slices.Compact(commands)), report.Duration(took.Seconds())))
	}
	return strings.Join(append(parts, audit(r)), " · ")
}

// audit states the cost of auditing. The seconds of dbt's threads add up to more than the
// elapsed time, so the cost is given as a share of all threads' seconds.
func audit(r report.Report) string {
	if r.Audit.Table == "" {
		return "not audited"
	}
	cost := report.Plural(r.Audit.Statements, "audit statement")
	if share := report.AuditShare(r); share != "" {
		cost += fmt.Sprintf(", %s of the models' execution time", share)
	}
	if r.Audit.Around >= 1 {
		cost += fmt.Sprintf(", %s before and after dbt", report.Duration(r.Audit.Around))
	}
	return cost
}

// verb returns the dbt command without its arguments, or all of it if it contains no
// known command.
func verb(command string) string {
	for word := range strings.FieldsSeq(command) {
		if slices.Contains(verbs, word) {
			return word
		}
	}
	return code(command)
}

// webPage matches a web address. Anyone with write access to the run table can set the
// baseline's address, so other text is not linked.
var webPage = regexp.MustCompile(`^https?://[A-Za-z0-9._:/-]+$`)

// compared states which run the report compares with, and its age. It returns "" if there
// is no baseline and none was wanted.
func compared(r report.Report) string {
	if r.Baseline == nil && r.Sought != nil {
		return r.Sought.NotFound(code)
	}
	if r.Baseline == nil {
		return ""
	}
	with := report.BaselineName(r, style) + r.Baseline.At()
	if webPage.MatchString(r.Baseline.URL) {
		with = "[" + with + "](" + r.Baseline.URL + ")"
	}
	return "compared with " + with + ", " + report.BaselineAge(r)
}
