package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Prune deletes the rows older than a time from the audit table and from the run
// table, and returns how many of each; with dryRun it only counts them. It deletes
// run by run in transactions of bounded size, so that no other job waits for it, and what
// was deleted before an error stays deleted and counted. progress, which may be
// nil, hears after each transaction how many rows it deleted. The error is
// ErrNoTable if there is no audit table; without a run table there is nothing
// to delete from it.
func (s *Store) Prune(
	ctx context.Context, olderThan time.Time, dryRun bool, progress func(deleted int64),
) (log, run int64, err error) {
	if progress == nil {
		progress = func(int64) {}
	}
	log, run, err = s.engine.prune(ctx, pruning{than: olderThan, dryRun: dryRun, progress: progress})
	if err != nil {
		err = fmt.Errorf("prune %s: %w", s.table, err)
	}
	return log, run, err
}

// pruning is what to prune.
type pruning struct {
	than     time.Time
	dryRun   bool
	progress func(deleted int64)
}

// batch is one transaction's share: all old rows of some runs.
type batch struct {
	runs []string
	rows int64
}

// batches parts runs and their numbers of rows into shares of at least size rows,
// by less than one run.
func batches(counts [][]*string, size int64) ([]batch, error) {
	var all []batch
	for _, row := range counts {
		n, err := strconv.ParseInt(deref(row[1]), 10, 64)
		if err != nil {
			return nil, err
		}
		if last := len(all) - 1; last < 0 || all[last].rows >= size {
			all = append(all, batch{})
		}
		b := &all[len(all)-1]
		b.runs, b.rows = append(b.runs, deref(row[0])), b.rows+n
	}
	return all, nil
}
