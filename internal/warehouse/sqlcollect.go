package warehouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

func (e *sqlEngine) collect(ctx context.Context, f CollectRequest) (answer, error) {
	e.db.bePatient(ctx)
	audit, err := e.look(ctx, e.table, auditLayout)
	if err == nil {
		err = audit.usable()
	}
	if err != nil {
		return answer{}, err
	}
	// The rows that the gates of this run need come first, so that they are not lost if
	// the run table or the baseline does not answer.
	a := answer{relation: audit.relation}
	var unread error
	if len(f.Invocations) > 0 {
		a.rows, unread = e.read(ctx, audit, f.Invocations)
	}
	ctx, cancel := half(ctx)
	defer cancel()
	runs, here, err := e.lookBeside(ctx, runTable(audit.table), runLayout)
	if err == nil && here {
		err = e.record(ctx, runs, f.Runs)
	}
	if err != nil {
		a.problems = append(a.problems, notRecorded(runTable(audit.table), err))
	}
	if len(f.Relations) > 0 {
		var err error
		if a.columns, err = (sqlNodes{e, audit.table}).columns(ctx, f.Relations); err != nil {
			a.problems = append(a.problems, "the columns could not be read: "+err.Error())
		}
		f.Code.Columns = a.columns
	}
	if err == nil && here && len(f.Code.Fingerprints) > 0 {
		if err := (sqlNodes{e, audit.table}).store(ctx, f.Code); err != nil {
			a.problems = append(a.problems, noFingerprints(nodeTable(audit.table), err))
		}
	}
	if f.History.Wanted {
		ctx, cancel := half(ctx)
		defer cancel()
		if a.earlier, err = e.compare(ctx, audit, runs, here, f); err != nil {
			a.problems = append(a.problems, noHistory(err))
		}
	}
	return a, unread
}

// half returns a context with half of the remaining time, so that later steps have time
// too.
func half(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}

// lookBeside finds a table that belongs to the audit table; ok is false if there is
// none with all columns.
func (e *sqlEngine) lookBeside(ctx context.Context, t Table, l layout) (f found, ok bool, err error) {
	f, err = e.look(ctx, t, l)
	if errors.Is(err, ErrNoTable) {
		return found{}, false, nil
	}
	return f, err == nil && len(f.missing()) == 0, err
}

func (e *sqlEngine) record(ctx context.Context, f found, runs []tally.Run) error {
	inserts := make([]connect.Statement, len(runs))
	for i, run := range runs {
		inserts[i].SQL, inserts[i].Args = e.dialect.insertRun(f, runValues(run))
	}
	return e.db.run(ctx, recording, f.table, inserts...)
}

// compare finds the data to compare with: in these tables, unless the query names others.
// here is false if there is no run table.
func (e *sqlEngine) compare(ctx context.Context, audit, runs found, here bool, f CollectRequest) (*earlier, error) {
	asked := f.History
	asked.Database, asked.Schema = e.dialect.exact(asked.Database), e.dialect.exact(asked.Schema)
	asked.Name = e.dialect.exact(asked.Name)
	at := asked.at(audit.table)
	if err := e.dialect.reaches(at); err != nil {
		return nil, fmt.Errorf("baseline-table: %w", err)
	}
	if f.History.elsewhere() {
		var err error
		if audit, err = e.look(ctx, at, auditLayout); err == nil {
			err = audit.usable()
		}
		if err == nil {
			runs, here, err = e.lookBeside(ctx, runTable(audit.table), runLayout)
		}
		if err != nil {
			return nil, fmt.Errorf("audit table %s: %w", f.History.at(e.table), err)
		}
	}
	if !here {
		return e.compareWithout(ctx, audit, f)
	}
	var err error
	var found earlier
	if found.runs, err = e.selectRuns(ctx, runs, f.filter(30)); err != nil {
		return nil, err
	}
	if ids := runIDs(found.runs); len(ids) > 0 {
		// If this fails, the changed files are used instead.
		found.nodes, found.lists, _ = sqlNodes{e, audit.table}.newest(ctx, ids)
		found.rows, err = e.read(ctx, audit, ids)
	} else if f.History.named() {
		found.newest, err = e.selectRuns(ctx, runs, newestRuns)
	}
	if err != nil {
		return nil, err
	}
	return &found, nil
}

// compareWithout compares without a run table.
func (e *sqlEngine) compareWithout(ctx context.Context, audit found, f CollectRequest) (*earlier, error) {
	before := f.History.Before
	query, args := e.dialect.selectNewest(audit, before.Add(-fallbackAge), before, f.Invocations)
	if id := f.History.RunID; id != "" {
		query, args = e.dialect.selectRows(audit, []string{id})
	}
	rows, err := e.db.query(ctx, reading, audit.table, query, args)
	if err != nil {
		return nil, err
	}
	return &earlier{rows: rows}, nil
}

func (e *sqlEngine) selectRuns(ctx context.Context, f found, filter runFilter) ([][]*string, error) {
	query, args := e.dialect.selectRuns(f, filter)
	return e.db.query(ctx, reading, f.table, query, args)
}
