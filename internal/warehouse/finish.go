package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Finish is what there is to do once dbt has ended.
type Finish struct {
	Invocations []string    // whose audit rows are read, and which are no history
	Runs        []tally.Run // to be recorded; one that is there already is left as it is
	History     HistoryQuery
}

// HistoryQuery says which earlier runs to compare with: the newest that ended
// well, in both senses of status and exit code.
type HistoryQuery struct {
	Wanted bool
	Branch string // "": any
	Target string // the target's name, "": any
	// RunID names one run, whatever its age, branch, target and outcome.
	RunID  string
	Before time.Time // they ended before it, and at most 90 days before it
	// Database and Schema are where the tables to compare with are, under the same
	// names; "": where the audit table is.
	Database, Schema string
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
}

// Finish records the runs, reads the audit rows of the invocations back, and
// finds the history. It is safe beside other jobs and when called again. Rows
// whose phase is unknown are not audit rows and are left out. The error is about
// the rows alone, ErrNoTable if there is no table (any more, or yet).
func (s *Store) Finish(ctx context.Context, f Finish) (Finished, error) {
	if len(f.Invocations) == 0 {
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
	if done.History, err = a.earlier.history(f.History.RunID); err != nil {
		done.Problems = append(done.Problems, noHistory(err))
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
	newest [][]*string // the newest runs, where the one asked for is not there
}

// history is what was found, in the domain's words; id is the run asked for.
func (e earlier) history(id string) (tally.History, error) {
	runs, errRuns := parseRuns(e.runs)
	rows, errRows := parseRows(e.rows)
	if err := errors.Join(errRuns, errRows); err != nil {
		return tally.History{}, err
	}
	if len(runs) == 0 {
		runs = runsOf(rows)
	}
	if id != "" && len(runs) == 0 {
		return tally.History{}, unknownRun(id, e.newest)
	}
	return tally.History{Runs: runs, Rows: rows}, nil
}

// unknownRun helps to find the run that was meant.
func unknownRun(id string, newest [][]*string) error {
	runs, err := parseRuns(newest)
	if err != nil {
		return err
	}
	known := "there is none yet"
	for i, run := range runs {
		known += ", "
		if i == 0 {
			known = "the newest are "
		}
		known += fmt.Sprintf("%s (%s, %s)", run.ID, cmp.Or(run.Branch, "no branch"), run.CompletedAt.Format(time.DateTime))
	}
	return fmt.Errorf("baseline: there is no run %q; %s; see "+docs.Gates, id, known)
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
	since, before      time.Time
	exclude            []string
	limit              int
}

// newestRuns are those that a message shows.
var newestRuns = runFilter{limit: 5}

// filter is the query for the runs that f asks for.
func (f Finish) filter(limit int) runFilter {
	q := f.History
	if q.RunID != "" {
		return runFilter{id: q.RunID, limit: 1}
	}
	return runFilter{
		branch: q.Branch, target: q.Target, successful: true,
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
	return log
}

// elsewhere says whether that is another table than this run's own.
func (q HistoryQuery) elsewhere() bool { return q.Database != "" || q.Schema != "" }

// runIDs are the IDs of rows of the run table, whose first column they are.
func runIDs(runs [][]*string) []string {
	ids := make([]string, len(runs))
	for i, run := range runs {
		ids[i] = deref(run[0])
	}
	return ids
}
