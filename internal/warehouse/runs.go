package warehouse

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// The run table has one row per invocation and is in the schema of the audit table. Only
// dbt-tally writes to it, so it is used only if it has all of its columns.
var runLayout = layout{
	columns: []definition{
		{"run_id", text},
		{"started_at", timestamp},
		{"completed_at", timestamp},
		{"status", text},
		{"dbt_exit_code", integer},
		{"command", text},
		{"target", text},
		{"repository", text},
		{"branch", text},
		{"commit_sha", text},
		{"event", text},
		{"pull_request", integer},
		{"workflow", text},
		{"job", text},
		{"run_url", text},
		{"dbt_version", text},
		{"tally_version", text},
		{"accepted_by", text},
	},
	first: 4,
	key:   "run_id",
	index: []string{"branch", "target", "completed_at"},
}

// runTable returns the run table of an audit table: dbt_audit_run for dbt_audit_log, and
// name_run for any other name, in upper case if the name is in upper case.
func runTable(audit Table) Table {
	suffix, run := "_log", "_run"
	if audit.Name == strings.ToUpper(audit.Name) {
		suffix, run = "_LOG", "_RUN"
	}
	audit.Name = strings.TrimSuffix(audit.Name, suffix) + run
	return audit
}

// noRunTable states the consequence of a missing run table.
func noRunTable(t Table, why error) string {
	return fmt.Sprintf("runs are not recorded in %s, "+
		"so that counts are compared with each model's newest earlier row: %v", t, why)
}

// runTexts contains the values of a run's columns, with times and numbers as text.
type runTexts struct {
	tally.Run
	started, completed, exitCode, pullRequest string
}

// fields are in the order of the layout's columns.
func (r *runTexts) fields() []*string {
	return []*string{
		&r.ID, &r.started, &r.completed, &r.Status,
		&r.exitCode, &r.Command, &r.Target, &r.Repository, &r.Branch,
		&r.Commit, &r.Event, &r.pullRequest, &r.Workflow, &r.Job,
		&r.URL, &r.DBTVersion, &r.Version, &r.AcceptedBy,
	}
}

// runValues are the values of a run's row as text, nil for null.
func runValues(run tally.Run) []*string {
	r := runTexts{
		Run: run, started: sqlTime(run.StartedAt), completed: sqlTime(run.CompletedAt),
		exitCode: strconv.Itoa(run.ExitCode),
	}
	if run.PullRequest != 0 {
		r.pullRequest = strconv.Itoa(run.PullRequest)
	}
	values := r.fields()
	for i, value := range values {
		if *value == "" {
			values[i] = nil
		}
	}
	return values
}

func parseRuns(rows [][]*string) ([]tally.Run, error) {
	runs := make([]tally.Run, 0, len(rows))
	for _, values := range rows {
		run, err := parseRun(values)
		if err != nil {
			return nil, err
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func parseRun(values []*string) (tally.Run, error) {
	var r runTexts
	fields := r.fields()
	if len(values) != len(fields) {
		return tally.Run{}, fmt.Errorf("a run of %d values; expected %d", len(values), len(fields))
	}
	for i, field := range fields {
		*field = deref(values[i])
	}
	var errs [4]error
	r.StartedAt, errs[0] = parseTime(r.started)
	r.CompletedAt, errs[1] = parseTime(r.completed)
	r.ExitCode, errs[2] = parseInt(r.exitCode)
	r.PullRequest, errs[3] = parseInt(r.pullRequest)
	if err := errors.Join(errs[:]...); err != nil {
		return tally.Run{}, fmt.Errorf("run %q: %w", r.ID, err)
	}
	return r.Run, nil
}

// parseInt returns 0 for "".
func parseInt(s string) (int, error) {
	if s == "" {
		return 0, nil
	}
	return strconv.Atoi(s)
}

// sqlTime returns "" for the zero time.
func sqlTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05.000000")
}

// runsOf returns the runs that wrote these rows, newest first, as far as the rows
// identify them.
func runsOf(rows []tally.Row) []tally.Run {
	var runs []tally.Run
	for _, row := range rows {
		i := slices.IndexFunc(runs, func(run tally.Run) bool { return run.ID == row.Invocation })
		if i < 0 {
			i, runs = len(runs), append(runs, tally.Run{ID: row.Invocation})
		}
		if row.Time.After(runs[i].CompletedAt) {
			runs[i].CompletedAt = row.Time
		}
	}
	slices.SortStableFunc(runs, func(a, b tally.Run) int { return b.CompletedAt.Compare(a.CompletedAt) })
	return runs
}
