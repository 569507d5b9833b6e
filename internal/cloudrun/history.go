package cloudrun

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Sought selects the earlier runs to compare with.
type Sought struct {
	config.Baseline
	Branch string // whose runs; "" for any
	Target string // the target's name
}

// ErrNoBaseline means that the user named a baseline that does not exist.
var ErrNoBaseline = errors.New("baseline")

const (
	// listed is how many runs of the project are considered.
	listed = 100
	// compared is how many with rows are enough. It is as many as the audit table gives.
	compared = 30
	// read is how many are read at most: not every job prints rows.
	read = 40
	// together is how many are read at the same time.
	together = 5
)

// Past is an earlier run with the rows that it printed.
type Past struct {
	Run  dbtcloud.Run
	Runs []tally.Run // its invocations, newest first
	Rows []tally.Row
	// Columns are those of the relations that it built, by node ID.
	Columns map[string][]tally.Column
	Accept  string // the person who accepted its counts; "": they are not accepted
}

// Earlier returns earlier successful runs of the project, newest first, with their rows
// from the logs that dbt Cloud keeps. The error is ErrNoBaseline if the user named a
// baseline that is not there.
func (s Session) Earlier(ctx context.Context, run dbtcloud.Run, sought Sought) (past []Past, err error) {
	runs, err := s.Client.Runs(ctx, dbtcloud.Query{Project: run.Project, Status: dbtcloud.Success, Limit: listed})
	if err != nil {
		return nil, fmt.Errorf("there is nothing to compare with: %w", err)
	}
	accepted := acceptedRuns(runs)
	candidates := slices.DeleteFunc(slices.Clone(runs), func(r dbtcloud.Run) bool { return !sought.matches(r, run) })
	candidates = candidates[:min(len(candidates), read)]
	for some := range slices.Chunk(candidates, together) {
		if len(past) >= compared || sought.RunID != "" && len(past) > 0 {
			break
		}
		if err := s.readAll(ctx, some); err != nil {
			return past, fmt.Errorf("earlier runs could not be read: %w", err)
		}
		for _, earlier := range some {
			p := Past{Run: earlier, Accept: accepted[earlier.ID]}
			if p = printed(p, sought); len(p.Runs) > 0 {
				past = append(past, p)
			}
		}
	}
	if len(past) == 0 && (sought.RunID != "" || sought.Baseline.Branch != "") {
		return nil, fmt.Errorf("%w: none of the last %d runs of the project in dbt Cloud matches %q; "+
			"expected a successful run that ended with dbt run-operation %s; see %s",
			ErrNoBaseline, len(runs), sought.RunID+sought.Baseline.Branch, finishMacro, docs.DBTCloud)
	}
	return past, nil
}

// readAll reads the runs with their logs, at the same time.
func (s Session) readAll(ctx context.Context, runs []dbtcloud.Run) error {
	errs := make([]error, len(runs))
	var reading sync.WaitGroup
	for i := range runs {
		reading.Go(func() { runs[i], errs[i] = s.Client.Run(ctx, runs[i].ID, true) })
	}
	reading.Wait()
	return errors.Join(errs...)
}

// matches reports whether a run may be one to compare with. The runs of pull requests are
// only compared with if their branch is named: their counts are those of unmerged changes.
func (q Sought) matches(earlier, run dbtcloud.Run) bool {
	switch {
	case earlier.ID >= run.ID, onlyRows(earlier):
		return false
	case q.RunID != "":
		return true
	case q.Baseline.Branch == "" && earlier.Trigger.Pull():
		return false
	}
	return q.Branch == "" || earlier.GitBranch == q.Branch
}

// printed adds what a run printed: its invocations, newest first, and their rows; none if
// it printed none, or built another target.
func printed(p Past, q Sought) Past {
	run := p.Run
	i := slices.IndexFunc(run.Steps, finishes)
	if i < 0 {
		return p
	}
	var f finished
	f.add(run.Steps[i].Logs, run.ID)
	counted, err := f.counted()
	if err != nil || q.Target != "" && counted.Target != q.Target {
		return p
	}
	p.Columns = counted.Columns
	for _, row := range counted.Rows {
		known := func(r tally.Run) bool { return r.ID == row.Invocation }
		if q.RunID != "" && row.Invocation != q.RunID {
			continue
		}
		p.Rows = append(p.Rows, row)
		if !slices.ContainsFunc(p.Runs, known) {
			p.Runs = append(p.Runs, tally.Run{
				ID: row.Invocation, StartedAt: run.Started.Time, CompletedAt: run.Finished.Time, Status: "success",
				Target: counted.Target, Branch: run.GitBranch, Commit: run.GitSHA, URL: run.URL,
				AcceptedBy: p.Accept,
			})
		}
	}
	slices.Reverse(p.Runs)
	return p
}
