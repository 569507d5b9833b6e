package warehouse

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// Prune deletes the rows older than a time from the audit table and from the run table,
// and returns how many of each. With dryRun it only counts them. It deletes whole runs in
// transactions of limited size, so that no other job waits for it. Rows deleted before an
// error stay deleted and are counted. After each transaction it calls progress, which may
// be nil, with the number of deleted rows. The error is ErrNoTable if there is no audit
// table. It is not an error if there is no run table.
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

// pruning describes what to prune.
type pruning struct {
	than     time.Time
	dryRun   bool
	progress func(deleted int64)
}

// batch is the work of one transaction: all old rows of some runs.
type batch struct {
	runs []string
	rows int64
}

// batches divides runs into batches of at least size rows. A batch ends with the run that
// reaches size.
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
