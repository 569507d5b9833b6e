package warehouse

import (
	"context"
	"reflect"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// glimpse is what glance finds out beside the tables.
type glimpse struct {
	proven bool     // an insert was tested
	runs   question // the runs to compare with; without a query they are not known
}

// glance looks the tables up. If the warehouse takes several statements as one message, the
// same message tests an insert. It also asks for the runs to compare with. Both assume tables
// as this program creates them, and do not count if the tables turn out to differ.
func (e builder) glance(ctx context.Context) (tables, glimpse, error) {
	if e.access == Read || e.table.Schema == "" || e.db.db.Exclusive {
		t, err := e.look(ctx, e.table)
		return t, glimpse{}, err
	}
	usual := expected(e.table)
	usual.audit.complete(e.dialect)
	usual.runs.complete(e.dialect)
	var runs question
	if e.sought.Wanted && !e.sought.elsewhere() {
		runs = earlierRuns(e.dialect, usual, CollectRequest{History: e.sought})
	}
	if e.db.db.Batch == nil {
		return e.glanceUnited(ctx, runs)
	}
	columns, schema := e.askTables(e.table)
	statements := append([]connect.Statement{columns.statement(), schema.statement()}, proofs(e.dialect, usual.audit)...)
	if runs.asks() {
		statements = append(statements, runs.statement())
	}
	answers, failure := e.db.send(ctx, looking, e.table, "rollback", statements...)
	if len(answers) > 1 {
		columns.rows, schema.rows = answers[0], answers[1]
	} else {
		columns.err = failure
	}
	t, err := e.tablesOf(ctx, e.table, columns, schema)
	if err == nil && failure != nil && e.db.passes(failure) {
		err = failure
	}
	first := glimpse{proven: len(answers) > 2 && t.audit.ready() && t.audit.relation == usual.audit.relation}
	if len(answers) > 3 && t.runs.ready() && t.runs.relation == usual.runs.relation {
		runs.rows = answers[3]
		first.runs = runs
	}
	return t, first, err
}

// glanceUnited asks with one statement.
func (e builder) glanceUnited(ctx context.Context, runs question) (tables, glimpse, error) {
	columns, schema := e.askTables(e.table)
	if runs.asks() {
		err := e.db.askUnited(ctx, []*question{&columns, &schema, &runs})
		if err != nil && !e.db.reached {
			return expected(e.table), glimpse{}, err
		}
		if err != nil { // there may be no run table
			runs = question{}
		}
	}
	if !runs.asks() {
		e.db.ask(ctx, &columns, &schema)
	}
	t, err := e.tablesOf(ctx, e.table, columns, schema)
	return t, glimpse{runs: runs}, err
}

// asks reports whether there is a query.
func (q question) asks() bool { return q.query.from != "" }

func (q question) statement() connect.Statement {
	return connect.Statement{SQL: q.query.String(), Args: q.query.args, Rows: true}
}

// seek looks for the history before dbt runs, and returns an error if the user named a run
// or a branch that does not exist, although others are recorded. If it knows the runs, it
// begins to read the rest.
func (e *sqlEngine) seek(ctx context.Context, t tables, runs question) error {
	q := e.sought
	if q.named() && !runs.asks() {
		t, runs = e.askNamed(ctx, t)
	}
	switch {
	case q.Wanted && !q.elsewhere() && t.runs.fresh:
		e.ahead = readAlready(earlier{})
	case !runs.asks(): // Collect asks
	case len(runs.rows) == 0:
		found, err := e.past(ctx, t, runs, q) // for a name, the newest runs
		if err != nil {
			return nil
		}
		e.ahead = readAlready(*found)
		if q.named() && len(found.newest) > 0 {
			return q.notFound(found.newest)
		}
	case !e.db.db.Exclusive:
		e.ahead = readWhile(ctx, func(ctx context.Context) (*earlier, error) { return e.past(ctx, t, runs, q) })
	}
	return nil
}

// askNamed asks for the runs that the user named, and returns the tables that have them.
// Collect reports an error.
func (e *sqlEngine) askNamed(ctx context.Context, t tables) (tables, question) {
	if e.sought.elsewhere() {
		there, err := e.lookElsewhere(ctx, t, e.sought)
		if err != nil {
			return t, question{}
		}
		t = there
	}
	if !t.runs.ready() || t.runs.fresh {
		return t, question{}
	}
	runs := earlierRuns(e.dialect, t, CollectRequest{History: e.sought})
	if e.db.ask(ctx, &runs); runs.err != nil {
		return t, question{}
	}
	return t, runs
}

// earlyReading is a history that is read while dbt runs. It does not contain a run that ends or
// is recorded in that time.
type earlyReading struct {
	cancel  context.CancelFunc
	done    chan struct{}
	earlier *earlier
	err     error
}

// aheadLimit is the longest time of a reading, which Collect repeats if it fails.
const aheadLimit = time.Minute

func readWhile(ctx context.Context, read func(context.Context) (*earlier, error)) *earlyReading {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), aheadLimit)
	r := &earlyReading{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		defer cancel()
		r.earlier, r.err = read(ctx)
	}()
	return r
}

func readAlready(found earlier) *earlyReading {
	r := &earlyReading{cancel: func() {}, done: make(chan struct{}), earlier: &found}
	close(r.done)
	return r
}

// wait returns what was read until the context is done, or nil.
func (r *earlyReading) wait(ctx context.Context) *earlier {
	if r == nil {
		return nil
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		r.stop()
	}
	if r.err != nil {
		return nil
	}
	return r.earlier
}

// stop ends the reading, because the connection is needed.
func (r *earlyReading) stop() {
	if r != nil {
		r.cancel()
		<-r.done
	}
}

// isAs reports whether the queries select the same runs, but for the time.
func (q HistoryQuery) isAs(other HistoryQuery) bool {
	q.Before, other.Before = time.Time{}, time.Time{}
	return reflect.DeepEqual(q, other)
}
