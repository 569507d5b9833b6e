package warehouse

import (
	"context"
	"database/sql"
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
) (audit, run int64, err error) {
	if progress == nil {
		progress = func(int64) {}
	}
	audit, run, err = s.engine.prune(ctx, pruning{than: olderThan, dryRun: dryRun, progress: progress})
	if err != nil {
		err = fmt.Errorf("prune %s: %w", s.table, err)
	}
	return audit, run, err
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

// batchRows limits the rows of a transaction, except for those of its last run.
const batchRows = 10_000

func (e *sqlEngine) prune(ctx context.Context, p pruning) (audit, run int64, err error) {
	e.db.bePatient(ctx)
	t, err := e.known(ctx)
	if err != nil {
		return 0, 0, err
	}
	if audit, err = e.pruneTable(ctx, t.audit, "execution_time", p); err != nil || !t.runs.ready() {
		return audit, 0, err
	}
	run, err = e.pruneTable(ctx, t.runs, "completed_at", p)
	if err == nil && !p.dryRun {
		err = e.pruneBeside(ctx, t)
	}
	return audit, run, err
}

// pruneTable filters by run, which is indexed, and by time, which is not.
func (e *sqlEngine) pruneTable(ctx context.Context, f found, column string, p pruning) (rows int64, err error) {
	counts, err := e.db.query(ctx, deleting, f.table, countOlder(e.dialect, f, column, p.than))
	if err != nil {
		return 0, err
	}
	shares, err := batches(counts, batchRows)
	if err != nil {
		return 0, err
	}
	for _, share := range shares {
		if p.dryRun {
			rows += share.rows
			continue
		}
		query, args := deleteOlder(e.dialect, f, column, p.than, share.runs)
		deleted, err := e.deleteOnce(ctx, f, query, args)
		if err != nil {
			return rows, err
		}
		rows += deleted
		p.progress(deleted)
	}
	return rows, nil
}

func (e *sqlEngine) deleteOnce(ctx context.Context, f found, query string, args []any) (deleted int64, err error) {
	err = e.db.inTx(ctx, deleting, f.table, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		deleted, err = result.RowsAffected()
		return err
	})
	return deleted, err
}

// dbtBatchRows limits the rows of a statement, except for those of its last run. Through
// dbt a statement costs more than its rows.
const dbtBatchRows = 100_000

func (e *throughDBT) prune(ctx context.Context, p pruning) (audit, run int64, err error) {
	args := e.args()
	args["older_than"], args["dry_run"], args["batch_rows"] = sqlTime(p.than), p.dryRun, dbtBatchRows
	payloads, err := e.run(ctx, "dbt_tally_prune", args)
	for _, done := range payloads {
		if done.Absent {
			return 0, 0, ErrNoTable
		}
		audit, run = audit+done.AuditRows, run+done.RunRows
		if deleted := done.AuditRows + done.RunRows; deleted > 0 && !p.dryRun {
			p.progress(deleted)
		}
	}
	return audit, run, err
}
