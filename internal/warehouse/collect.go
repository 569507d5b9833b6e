package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// CollectRequest is the work after dbt has ended. Each part may be empty.
type CollectRequest struct {
	Invocations []string    // whose audit rows to read; they are not part of the history
	Runs        []tally.Run // to record; a run that is already recorded is not changed
	Code        Code        // to store
	// Relations are those whose columns to read, by node ID, and to store with Code. Only
	// through dbt are they read again if Code has columns.
	Relations map[string]string
	History   HistoryQuery
}

// HistoryQuery selects the earlier runs to compare with: the newest successful ones, by
// status and by exit code.
type HistoryQuery struct {
	Wanted        bool
	Branch        string   // "": any
	Named         bool     // the user named the branch: it is an error if it is not found
	ExcludeEvents []string // events whose runs are left out
	Target        string   // the target's name, "": any
	// RunID selects one run, whatever its age, branch, target and outcome.
	RunID  string
	Before time.Time // the runs ended before it, and at most 90 days earlier
	// Database, Schema and Name identify the audit table to compare with; "": that of
	// this run.
	Database, Schema, Name string
}

// Without a run table the newest row of each model is the baseline. Finding it may scan
// the audit table, so the limit is shorter.
const (
	historyAge  = 90 * 24 * time.Hour
	fallbackAge = 30 * 24 * time.Hour
)

// Collected contains the warehouse's answers.
type Collected struct {
	Relation string      // the audit table, quoted for SQL; "" if it was not read
	Rows     []tally.Row // the audit rows of the invocations, in no particular order
	// History is empty if nothing is found. Without a run table its rows are the newest
	// earlier after row of each node, of any branch and target, and its runs have only ID
	// and CompletedAt.
	History  tally.History
	Columns  map[string][]tally.Column // of the relations, by node ID, as far as they are known
	Problems []string                  // what could not be recorded or compared, one sentence each
	NotFound error                     // the run or the branch that the user asked for does not exist
}

// Collect records the runs, reads the audit rows of the invocations, and finds the
// history. It may run concurrently with other jobs, and may be repeated. It ignores rows
// whose phase is unknown, because they are not audit rows. The error concerns only the
// audit rows; it is ErrNoTable if the table does not exist.
func (s *Store) Collect(ctx context.Context, f CollectRequest) (Collected, error) {
	if len(f.Invocations) == 0 && len(f.Runs) == 0 {
		return Collected{}, nil
	}
	a, err := s.engine.collect(ctx, f)
	done := Collected{Relation: a.relation, Columns: a.columns, Problems: a.problems}
	if err == nil {
		done.Rows, err = parseRows(a.rows)
	}
	if err != nil {
		return done, fmt.Errorf("read audit rows of %s: %w", s.table, err)
	}
	if a.earlier == nil {
		return done, nil
	}
	if done.History, err = a.earlier.history(); err != nil {
		done.Problems = append(done.Problems, noHistory(err))
	}
	if err == nil && len(done.History.Runs) == 0 && f.History.named() {
		done.NotFound = f.History.notFound(a.earlier.newest)
	}
	return done, nil
}

// answer contains the warehouse's answers after dbt has ended, every value as text.
type answer struct {
	relation string      // the audit table, quoted
	rows     [][]*string // audit rows of the invocations
	earlier  *earlier    // nil if it was not requested or not available
	columns  map[string][]tally.Column
	problems []string
}

// earlier contains the data to compare with.
type earlier struct {
	runs   [][]*string       // empty without a run table
	rows   [][]*string       // audit rows of the runs; without a run table, the newest of each node
	nodes  [][]*string       // what the newest run stored of its nodes that stored anything
	lists  map[string]string // of columns, by their hashes
	newest [][]*string       // the newest runs, if the requested one does not exist
}

// history parses the texts.
func (e earlier) history() (tally.History, error) {
	runs, errRuns := parseRuns(e.runs)
	rows, errRows := parseRows(e.rows)
	if err := errors.Join(errRuns, errRows); err != nil {
		return tally.History{}, err
	}
	if len(runs) == 0 {
		runs = runsOf(rows)
	}
	prints, columns := parseNodes(e.nodes, e.lists)
	h := tally.History{Runs: runs, Rows: rows, Fingerprints: prints, Columns: columns}
	if len(e.runs) > comparedRuns {
		h.Compared = comparedRuns
	}
	return h, nil
}

// named reports whether the user asked for one run or one branch.
func (q HistoryQuery) named() bool { return q.RunID != "" || q.Named }

// notFound returns an error that lists the newest runs or their branches.
func (q HistoryQuery) notFound(newest [][]*string) error {
	runs, err := parseRuns(newest)
	if err != nil {
		return err
	}
	if q.RunID != "" {
		var known []string
		for _, run := range runs[:min(len(runs), 5)] {
			known = append(known, fmt.Sprintf("%s (%s, %s)",
				run.ID, cmp.Or(run.Branch, "no branch"), run.CompletedAt.Format(time.DateTime)))
		}
		return fmt.Errorf("baseline: no run %q; %s; see %s", q.RunID, oneOf("the newest are ", known), docs.Gates)
	}
	var branches []string
	for _, run := range runs {
		branch := fmt.Sprintf("%s (target %s)", cmp.Or(run.Branch, "no branch"), run.Target)
		if !slices.Contains(branches, branch) {
			branches = append(branches, branch)
		}
	}
	return fmt.Errorf("baseline: no successful run of branch %q with target %q; %s; see %s",
		q.Branch, q.Target, oneOf("the newest runs are of ", branches), docs.Gates)
}

func oneOf(intro string, known []string) string {
	if len(known) == 0 {
		return "no run is recorded yet"
	}
	return intro + strings.Join(known, ", ")
}

func noHistory(why error) string {
	return fmt.Sprintf("there is nothing to compare with: %v", why)
}

func notRecorded(runs Table, why error) string {
	return fmt.Sprintf("this run is not recorded in %s: %v", runs, why)
}

// runFilter restricts a query of the run table. A zero field does not restrict it.
type runFilter struct {
	id, branch, target string
	successful         bool
	excludeEvents      []string
	since, before      time.Time
	exclude            []string
	limit              int
}

// newestRuns selects the runs that a message lists.
var newestRuns = runFilter{limit: 10}

// filter returns the query for the runs that f asks for.
func (f CollectRequest) filter(limit int) runFilter {
	q := f.History
	if q.RunID != "" {
		return runFilter{id: q.RunID, limit: 1}
	}
	return runFilter{
		branch: q.Branch, target: q.Target, successful: true, excludeEvents: q.ExcludeEvents,
		since: q.Before.Add(-historyAge), before: q.Before,
		exclude: f.Invocations, limit: limit,
	}
}

// historyArgs returns the query for the macros.
func historyArgs(f CollectRequest) map[string]any {
	filter := f.filter(10)
	return map[string]any{
		"database": f.History.Database, "schema": f.History.Schema, "identifier": f.History.Name,
		"run_identifier":     runTable(f.History.at(Table{})).Name,
		"node_identifier":    nodeTable(f.History.at(Table{})).Name,
		"columns_identifier": columnsTable(f.History.at(Table{})).Name,
		"named":              f.History.named(), "exclude_events": filter.excludeEvents,
		"run_id": filter.id, "branch": filter.branch, "target": filter.target,
		"since": sqlTime(f.History.Before.Add(-historyAge)), "newest_since": sqlTime(f.History.Before.Add(-fallbackAge)),
		"before": sqlTime(f.History.Before), "exclude": f.Invocations, "limit": filter.limit,
	}
}

// at returns the audit table to compare with, given the one of this run.
func (q HistoryQuery) at(audit Table) Table {
	if q.Database != "" {
		audit.Database = q.Database
	}
	if q.Schema != "" {
		audit.Schema = q.Schema
	}
	if q.Name != "" {
		audit.Name = q.Name
	}
	return audit
}

// elsewhere reports whether the query may name a table other than the one of this run.
func (q HistoryQuery) elsewhere() bool { return q.Database != "" || q.Schema != "" || q.Name != "" }

// runIDs returns the IDs in rows of the run table, whose first column is the ID.
func runIDs(runs [][]*string) []string {
	ids := make([]string, len(runs))
	for i, run := range runs {
		ids[i] = deref(run[0])
	}
	return ids
}
