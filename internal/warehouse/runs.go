package warehouse

import (
	"cmp"
	"context"
	_ "embed"
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

// fields returns pointers to the values, in the order of the layout's columns.
func (r *runTexts) fields() []*string {
	return []*string{
		&r.ID, &r.started, &r.completed, &r.Status,
		&r.exitCode, &r.Command, &r.Target, &r.Repository, &r.Branch,
		&r.Commit, &r.Event, &r.pullRequest, &r.Workflow, &r.Job,
		&r.URL, &r.DBTVersion, &r.Version, &r.AcceptedBy,
	}
}

// runValues returns the values of a run's row as text, nil for null.
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

// historyView returns the name of the view beside an audit table that shows people what
// each run did to each relation: dbt_audit_history for dbt_audit_log.
func historyView(audit Table) Table { return beside(audit, "_history") }

// The parts of historySQL that Go or, through dbt, Jinja fills in.
const (
	auditPart   = "{audit}"
	runsPart    = "{runs}"
	secondsPart = "{seconds}" // from m.started_at to m.built_at
)

// historySQL is the query of the view. It follows the rule of package tally: the first
// before row and the last after row count, and rows with a node_id win. The rows that a
// run wrote are only known if they are known of all of its batches.
//
//go:embed history.sql
var historySQL string

// selectHistory returns the query of the view for an audit table and its run table.
func selectHistory(audit, runs, seconds string) string {
	return strings.NewReplacer(auditPart, audit, runsPart, runs, secondsPart, seconds).Replace(historySQL)
}

// noHistoryView states the consequence of a view that could not be created.
func noHistoryView(t Table, why error) string {
	return fmt.Sprintf("the view %s, which only your own queries use, is missing: %v", t, why)
}

// prepareHistory creates the view of a complete audit table and its run table, unless it
// exists. A narrow row_count comes first: PostgreSQL cannot widen the column of a view.
func (e builder) prepareHistory(ctx context.Context, t tables) (problem string) {
	if t.history || !t.audit.ready() || t.audit.narrowCount() != "" {
		return ""
	}
	view := historyView(t.audit.table)
	err := e.db.do(ctx, creatingView, view, createHistory(e.dialect, t))
	if err == nil {
		return ""
	}
	if _, lookErr := e.lookAt(ctx, found{table: view}); lookErr == nil {
		return "" // another job has created it
	}
	return noHistoryView(view, err)
}

func createHistory(d dialect, t tables) string {
	seconds := strings.NewReplacer("{from}", "m.started_at", "{to}", "m.built_at").Replace(d.words().seconds)
	return d.createView(historyView(t.audit.table)) + " as\n" + selectHistory(t.audit.relation, t.runs.relation, seconds)
}

// The largest numbers of runs.
const (
	comparedRuns = 30    // whose counts the report compares with
	trendRuns    = 90    // of a trend
	recentRuns   = 2_000 // from which those of a trend are selected
)

func (e *sqlEngine) history(ctx context.Context, q TrendQuery) (answer, error) {
	t, err := e.known(ctx)
	if err != nil {
		return answer{}, err
	}
	a := answer{relation: t.audit.relation, earlier: &earlier{}}
	if !t.runs.ready() {
		rows := question{step: reading, table: t.audit.table, query: selectSince(e.dialect, t.audit, q)}
		e.db.ask(ctx, &rows)
		a.earlier.rows = rows.rows
		return a, rows.err
	}
	filter := q.filter(recentRuns)
	if len(q.Names) > 0 {
		filter.limit = trendRuns
	}
	runs := question{step: reading, table: t.runs.table, query: selectRuns(e.dialect, t.runs, filter)}
	if e.db.ask(ctx, &runs); runs.err != nil {
		return answer{}, runs.err
	}
	a.earlier.runs = thinned(runs.rows, trendRuns)
	rest := question{step: reading, table: t.runs.table, query: selectRuns(e.dialect, t.runs, newestRuns)}
	into := &a.earlier.newest
	if ids := runIDs(a.earlier.runs); len(ids) > 0 {
		rest.query, into = selectCounts(e.dialect, t.audit, ids, q.Names), &a.earlier.rows
	}
	e.db.ask(ctx, &rest)
	*into = rest.rows
	return a, rest.err
}

func (e *throughDBT) history(ctx context.Context, q TrendQuery) (answer, error) {
	filter, args := q.filter(trendRuns), e.args()
	if len(q.Names) == 0 {
		filter.limit = comparedRuns
	}
	args["history"] = map[string]any{
		"every_outcome": true, "exclude_events": filter.excludeEvents, "branch": filter.branch, "target": filter.target,
		"since": sqlTime(q.Since), "before": sqlTime(q.Before), "limit": filter.limit, "like": q.patterns(),
	}
	payloads, err := e.run(ctx, "dbt_tally_history", args)
	a := answer{earlier: &earlier{}}
	for _, p := range payloads {
		if p.Absent {
			return a, ErrNoTable
		}
		a.relation = cmp.Or(p.Relation, a.relation)
		a.earlier.runs, a.earlier.rows = append(a.earlier.runs, p.Runs...), append(a.earlier.rows, p.Past...)
		a.earlier.newest = append(a.earlier.newest, p.Newest...)
	}
	return a, err
}

func (q TrendQuery) filter(limit int) runFilter {
	return runFilter{
		branch: q.Branch, target: q.Target, excludeEvents: q.ExcludeEvents, since: q.Since, before: q.Before, limit: limit,
	}
}

// thinned returns at most about so many runs, newest first: of each dbt command its share,
// spread evenly, with the newest one, because a command may build only some of the nodes.
func thinned(runs [][]*string, most int) [][]*string {
	if len(runs) <= most {
		return runs
	}
	command := slices.Index(runLayout.names(), "command")
	size, seen := map[string]int{}, map[string]int{}
	for _, run := range runs {
		size[deref(run[command])]++
	}
	return slices.DeleteFunc(slices.Clone(runs), func(run []*string) bool {
		of := deref(run[command])
		nth, share := seen[of], max(1, most*size[of]/len(runs))
		seen[of]++
		return nth > 0 && nth*share/size[of] == (nth-1)*share/size[of]
	})
}
