package warehouse

import (
	"context"
	"database/sql"
)

// batchRows limits the rows of a transaction, except for those of its last run.
const batchRows = 10_000

func (e *sqlEngine) prune(ctx context.Context, p pruning) (log, run int64, err error) {
	defer e.db.release()
	e.db.bePatient(ctx)
	f, err := e.look(ctx, e.table, auditLayout)
	if err == nil {
		err = f.usable()
	}
	if err != nil {
		return 0, 0, err
	}
	if log, err = e.pruneTable(ctx, f, "execution_time", p); err != nil {
		return log, 0, err
	}
	runs, ok, err := e.lookBeside(ctx, runTable(f.table), runLayout)
	if err != nil || !ok {
		return log, 0, err
	}
	run, err = e.pruneTable(ctx, runs, "completed_at", p)
	if err == nil && !p.dryRun {
		err = sqlNodes{e, f.table}.pruneBeside(ctx, runs)
	}
	return log, run, err
}

// pruneTable filters by run, which is indexed, and by time, which is not.
func (e *sqlEngine) pruneTable(ctx context.Context, f found, column string, p pruning) (rows int64, err error) {
	query, args := e.dialect.countOlder(f, column, p.than)
	counts, err := e.db.query(ctx, deleting, f.table, query, args)
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
		query, args := e.dialect.deleteOlder(f, column, p.than, share.runs)
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
