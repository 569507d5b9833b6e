package warehouse

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

func (e *sqlEngine) collect(ctx context.Context, f CollectRequest) (answer, error) {
	e.db.bePatient(ctx)
	t, err := e.known(ctx)
	if err != nil {
		return answer{}, err
	}
	rows := question{step: reading, table: t.audit.table}
	if len(f.Invocations) > 0 {
		rows.query = selectRows(e.dialect, t.audit, f.Invocations)
	}
	columns, runs := askColumns(e.dialect, t, f), question{}
	var known *earlier
	if f.History.Wanted && f.History.isAs(e.sought) {
		known = e.ahead.wait(ctx)
	}
	if f.History.Wanted && !f.History.elsewhere() && known == nil {
		runs = earlierRuns(e.dialect, t, f)
	}
	// The rows that the gates of this run need come first, so that they are not lost if
	// the run table or the baseline does not answer.
	e.db.ask(ctx, &rows, &columns, &runs)
	if rows.err != nil && e.prepared != nil { // dbt may have replaced the table
		e.prepared = nil
		return e.collect(ctx, f)
	}
	a := answer{relation: t.audit.relation, rows: rows.rows, columns: columnsByNode(f.Relations, columns.rows)}
	if columns.err != nil {
		a.problems = append(a.problems, noColumnsRead(columns.err))
	}
	if f.Code.Columns == nil {
		f.Code.Columns = a.columns
	}
	if known != nil && !f.History.elsewhere() {
		maps.Copy(e.listed, known.lists)
	}
	lists := storedLists(e.dialect, t, f.Code, e.listed)
	ctx, cancel := half(ctx)
	defer cancel()
	if a.earlier = known; known != nil {
		e.db.ask(ctx, &lists)
	} else if a.earlier, err = e.compare(ctx, t, f, runs, &lists); err != nil {
		a.problems = append(a.problems, noHistory(err))
	}
	maps.Copy(e.listed, listsByHash(lists.rows))
	a.problems = append(a.problems, e.write(ctx, t, f, lists.err)...)
	return a, rows.err
}

// known returns the tables as prepare left them, or looks them up.
func (e *sqlEngine) known(ctx context.Context) (tables, error) {
	if e.prepared != nil {
		return *e.prepared, nil
	}
	t, err := e.look(ctx, e.table)
	if err == nil {
		err = t.audit.usable()
	}
	return t, err
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

// earlierRuns asks for the earlier runs or, without a run table, for the rows to compare
// with.
func earlierRuns(d dialect, t tables, f CollectRequest) question {
	q := question{step: reading, table: t.audit.table}
	before := f.History.Before
	switch {
	case t.runs.ready():
		q.table, q.query = t.runs.table, selectRuns(d, t.runs, f.filter(trendRuns))
	case f.History.RunID != "":
		q.query = selectRows(d, t.audit, []string{f.History.RunID})
	default:
		q.query = selectNewest(d, t.audit, before.Add(-fallbackAge), before, f.Invocations)
	}
	return q
}

// compare finds the data to compare with: in these tables, unless the request names
// others. It returns nil if none is requested. It asks for the lists, too.
func (e *sqlEngine) compare(
	ctx context.Context, t tables, f CollectRequest, runs question, lists *question,
) (_ *earlier, err error) {
	ctx, cancel := half(ctx)
	defer cancel()
	if f.History.Wanted && f.History.elsewhere() {
		if t, err = e.lookElsewhere(ctx, t, f.History); err == nil {
			runs = earlierRuns(e.dialect, t, f)
			e.db.ask(ctx, &runs)
		}
	}
	if err == nil {
		err = runs.err
	}
	if err != nil || !f.History.Wanted || !t.runs.ready() {
		e.db.ask(ctx, lists)
		if err != nil || !f.History.Wanted {
			return nil, err
		}
		return &earlier{rows: runs.rows}, nil
	}
	return e.past(ctx, t, runs, f.History, lists)
}

// past reads what belongs to the runs or, if the one that the user named is not among them,
// the newest ones. It asks the other questions, too.
func (e *sqlEngine) past(
	ctx context.Context, t tables, runs question, q HistoryQuery, others ...*question,
) (*earlier, error) {
	var rows, older, nodes, theirs, newest question
	if ids := runIDs(runs.rows); len(ids) > 0 {
		compared := ids[:min(len(ids), comparedRuns)]
		rows = question{step: reading, table: t.audit.table, query: selectRows(e.dialect, t.audit, compared)}
		if ids = ids[len(compared):]; len(ids) > 0 {
			older = question{step: reading, table: t.audit.table, query: selectCounts(e.dialect, t.audit, ids, nil)}
		}
		nodes, theirs = storedNodes(e.dialect, t, compared[:min(len(compared), runsWithNodes)])
	} else if q.named() {
		newest = question{step: reading, table: t.runs.table, query: selectRuns(e.dialect, t.runs, newestRuns)}
	}
	e.db.ask(ctx, append([]*question{&rows, &nodes, &theirs, &newest, &older}, others...)...)
	if err := errors.Join(rows.err, newest.err); err != nil {
		return nil, err
	}
	// Without the nodes the changed files are used instead.
	return &earlier{
		runs: runs.rows, rows: slices.Concat(rows.rows, older.rows), newest: newest.rows, nodes: nodes.rows,
		lists: listsByHash(theirs.rows),
	}, nil
}

// lookElsewhere finds the tables to compare with.
func (e *sqlEngine) lookElsewhere(ctx context.Context, t tables, asked HistoryQuery) (tables, error) {
	named := asked.at(e.table)
	asked.Database, asked.Schema = e.dialect.exact(asked.Database), e.dialect.exact(asked.Schema)
	asked.Name = e.dialect.exact(asked.Name)
	at := asked.at(t.audit.table)
	if err := e.dialect.accepts(at, Read); err != nil {
		return tables{}, fmt.Errorf("baseline-table: %w", err)
	}
	there, err := e.look(ctx, at)
	if err == nil {
		err = there.audit.usable()
	}
	if err != nil {
		return tables{}, fmt.Errorf("audit table %s: %w", named, err)
	}
	return there, nil
}

// write records the runs and stores the code, with the lists of columns that no earlier
// run has stored: in one message if the warehouse can, and otherwise one by one.
func (e *sqlEngine) write(ctx context.Context, t tables, f CollectRequest, unlisted error) (problems []string) {
	if !t.runs.ready() {
		return nil
	}
	if !t.lists.ready() || unlisted != nil {
		f.Code.Columns = nil // a hash without its list is useless
	}
	runs := insertRuns(e.dialect, t.runs, f.Runs)
	lists, nodes := insertCode(e.dialect, t, f.Code, e.listed)
	all := slices.Concat(lists, nodes, runs)
	if e.db.db.Batch != nil && sizeOfAll(all) <= messageSize && e.db.run(ctx, recording, t.runs.table, all...) == nil {
		return nil
	}
	if err := e.db.run(ctx, recording, t.runs.table, runs...); err != nil {
		return []string{notRecorded(t.runs.table, err)}
	}
	for _, list := range lists {
		if e.db.run(ctx, recording, t.lists.table, list) != nil {
			f.Code.Columns = nil // a hash without its list is useless
			_, nodes = insertCode(e.dialect, t, f.Code, e.listed)
			break
		}
	}
	for _, insert := range nodes {
		if err := e.db.run(ctx, recording, t.nodes.table, insert); err != nil {
			e.forgetNodes(ctx, t, f.Code.RunID)
			return []string{noFingerprints(t.nodes.table, err)}
		}
	}
	return nil
}

// forgetNodes deletes the nodes of a run that could only be stored in part, because a later
// run would take the others for new ones. If that fails, too, the first failure is reported.
func (e *sqlEngine) forgetNodes(ctx context.Context, t tables, run string) {
	at := e.dialect.placeholders()
	query := "delete from " + t.nodes.relation + " where run_id = " + at.value(run)
	_, _ = e.deleteOnce(ctx, t.nodes, query, at.args)
}

// messageSize limits the bytes of one message. Servers refuse longer ones than 4 MB.
const messageSize = 2 << 20

func sizeOfAll(statements []connect.Statement) (size int) {
	for _, s := range statements {
		size += len(s.SQL)
		for _, arg := range s.Args {
			switch value := arg.(type) {
			case string:
				size += len(value)
			case *string:
				size += len(deref(value))
			}
		}
	}
	return size
}

func insertRuns(d dialect, f found, runs []tally.Run) []connect.Statement {
	inserts := make([]connect.Statement, len(runs))
	for i, run := range runs {
		inserts[i].SQL, inserts[i].Args = d.insertRun(f, runValues(run))
	}
	return inserts
}
