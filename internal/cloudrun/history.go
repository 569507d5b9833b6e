package cloudrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

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
	// read is how many of them are read at most: not every job prints rows.
	read = 20
	// compared is how many with rows are enough.
	compared = 10
)

// Earlier returns the rows of earlier successful runs of the project, newest first, from
// the logs that dbt Cloud keeps. prints reads the fingerprints in a manifest. The error
// is ErrNoBaseline if the user named one that is not there.
func (s Session) Earlier(
	ctx context.Context, run dbtcloud.Run, sought Sought, prints func(io.Reader) (map[string]string, error),
) (tally.History, error) {
	var history tally.History
	runs, err := s.Client.Runs(ctx, dbtcloud.Query{Project: run.Project, Status: dbtcloud.Success, Limit: listed})
	if err != nil {
		return history, fmt.Errorf("there is nothing to compare with: %w", err)
	}
	reads, found := 0, 0
	for _, earlier := range runs {
		if !sought.matches(earlier, run) || found == compared {
			continue
		}
		if reads++; reads > read {
			break
		}
		earlier, err = s.Client.Run(ctx, earlier.ID, true)
		if err != nil {
			return history, fmt.Errorf("earlier runs could not be read: %w", err)
		}
		runs, rows := earlierRows(earlier, sought)
		if len(runs) == 0 {
			continue
		}
		history.Runs, history.Rows = append(history.Runs, runs...), append(history.Rows, rows...)
		if found++; found == 1 {
			history.Fingerprints = s.fingerprints(ctx, earlier, prints)
		}
		if sought.RunID != "" {
			break
		}
	}
	if found == 0 && (sought.RunID != "" || sought.Baseline.Branch != "") {
		return history, fmt.Errorf("%w: none of the last %d runs of the project in dbt Cloud matches %q; "+
			"expected a successful run that ended with dbt run-operation %s; see %s",
			ErrNoBaseline, len(runs), sought.RunID+sought.Baseline.Branch, finishMacro, docs.DBTCloud)
	}
	return history, nil
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

// earlierRows returns the invocations of a run, newest first, and their rows; none if the
// run printed none, or built another target.
func earlierRows(run dbtcloud.Run, q Sought) (runs []tally.Run, rows []tally.Row) {
	i := slices.IndexFunc(run.Steps, finishes)
	if i < 0 {
		return nil, nil
	}
	var f finished
	f.add(run.Steps[i].Logs, run.ID)
	counted, err := f.counted()
	if err != nil || q.Target != "" && counted.Target != q.Target {
		return nil, nil
	}
	for _, row := range counted.Rows {
		known := func(r tally.Run) bool { return r.ID == row.Invocation }
		if q.RunID != "" && row.Invocation != q.RunID {
			continue
		}
		rows = append(rows, row)
		if !slices.ContainsFunc(runs, known) {
			runs = append(runs, tally.Run{
				ID: row.Invocation, StartedAt: run.Started.Time, CompletedAt: run.Finished.Time, Status: "success",
				Target: counted.Target, Branch: run.GitBranch, Commit: run.GitSHA, URL: run.URL,
			})
		}
	}
	slices.Reverse(runs)
	return runs, rows
}

// fingerprints reads those of the newest run to compare with. Without them the changed
// files of the pull request are used, so an error is not reported.
func (s Session) fingerprints(
	ctx context.Context, run dbtcloud.Run, read func(io.Reader) (map[string]string, error),
) (prints map[string]string) {
	for _, step := range slices.Backward(run.Steps) {
		if !reports(step) {
			continue
		}
		err := s.Client.Artifact(ctx, run.ID, step.Index, "manifest.json", func(body io.Reader) (err error) {
			prints, err = read(body)
			return err
		})
		if err != nil {
			return nil
		}
		return prints
	}
	return nil
}
