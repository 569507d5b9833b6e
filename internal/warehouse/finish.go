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

// Finish is what there is to do once dbt has ended. Each part may be empty.
type Finish struct {
	Invocations []string    // whose audit rows are read, and which are not history
	Runs        []tally.Run // to be recorded; one that exists already is left as it is
	History     HistoryQuery
}

// HistoryQuery says which earlier runs to compare with: the newest that ended
// well, in both senses of status and exit code.
type HistoryQuery struct {
	Wanted        bool
	Branch        string   // "": any
	Named         bool     // the user asked for the branch: not finding it is an error
	ExcludeEvents []string // that did not start the runs
	Target        string   // the target's name, "": any
	// RunID names one run, whatever its age, branch, target and outcome.
	RunID  string
	Before time.Time // they ended before it, and at most 90 days before it
	// Database, Schema and Name are of the audit table to compare with; "": as of
	// this run's.
	Database, Schema, Name string
}

// Where there is no run table, the newest row of each model has to do, and finding
// it may take a scan of the audit table: hence the nearer limit.
const (
	historyAge  = 90 * 24 * time.Hour
	fallbackAge = 30 * 24 * time.Hour
)

// Finished is what the warehouse said.
type Finished struct {
	Relation string      // the audit table as SQL must write it, quoted; "" where it was not read
	Rows     []tally.Row // the audit rows of the invocations, in no particular order
	// History is empty if nothing is found. Without a run table its rows are the
	// newest earlier after row of each node, of any branch and target, and of its runs
	// only ID and CompletedAt are known.
	History  tally.History
	Problems []string // what could not be recorded or compared, a sentence each
	NotFound error    // the run or the branch that the user asked for does not exist
}

// Finish records the runs, reads the audit rows of the invocations back, and
// finds the history. It is safe beside other jobs and when called again. Rows
// whose phase is unknown are not audit rows and are left out. The error is about
// the rows alone, ErrNoTable if there is no table (any more, or yet).
func (s *Store) Finish(ctx context.Context, f Finish) (Finished, error) {
	if len(f.Invocations) == 0 && len(f.Runs) == 0 {
		return Finished{}, nil
	}
	a, err := s.engine.finish(ctx, f)
	done := Finished{Relation: a.relation, Problems: a.problems}
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

// answer is what the warehouse says once dbt has ended, every value as text.
type answer struct {
	relation string      // the audit table, quoted
	rows     [][]*string // audit rows of the invocations
	earlier  *earlier    // nil where it was not wanted, or not to be had
	problems []string
}

// earlier is what there is to compare with.
type earlier struct {
	runs   [][]*string // empty without a run table
	rows   [][]*string // audit rows of the runs; without a run table, the newest of each node
	newest [][]*string // the newest runs, if the one that was asked for does not exist
}

// history is what was found, in the domain's words.
func (e earlier) history() (tally.History, error) {
	runs, errRuns := parseRuns(e.runs)
	rows, errRows := parseRows(e.rows)
	if err := errors.Join(errRuns, errRows); err != nil {
		return tally.History{}, err
	}
	if len(runs) == 0 {
		runs = runsOf(rows)
	}
	return tally.History{Runs: runs, Rows: rows}, nil
}

// named reports whether the user asked for one run or one branch.
func (q HistoryQuery) named() bool { return q.RunID != "" || q.Named }

// notFound helps to find the run or the branch that was meant.
func (q HistoryQuery) notFound(newest [][]*string) error {
	runs, err := parseRuns(newest)
	if err != nil {
		return err
	}
	if q.RunID != "" {
		var known []string
		for _, run := range runs {
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

// runFilter is a query of the run table. What is zero does not restrict it.
type runFilter struct {
	id, branch, target string
	successful         bool
	excludeEvents      []string
	since, before      time.Time
	exclude            []string
	limit              int
}

// newestRuns are those that a message shows.
var newestRuns = runFilter{limit: 10}

// filter is the query for the runs that f asks for.
func (f Finish) filter(limit int) runFilter {
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

// at is where the audit table to compare with is, given this run's own.
func (q HistoryQuery) at(log Table) Table {
	if q.Database != "" {
		log.Database = q.Database
	}
	if q.Schema != "" {
		log.Schema = q.Schema
	}
	if q.Name != "" {
		log.Name = q.Name
	}
	return log
}

// elsewhere says whether that is another table than this run's own.
func (q HistoryQuery) elsewhere() bool { return q.Database != "" || q.Schema != "" || q.Name != "" }

// runIDs are the IDs of rows of the run table, whose first column they are.
func runIDs(runs [][]*string) []string {
	ids := make([]string, len(runs))
	for i, run := range runs {
		ids[i] = deref(run[0])
	}
	return ids
}
