package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

const (
	// failover is the longest time that a failover takes. Aurora's usually
	// ends within 30 s.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
	failover = time.Minute
	// lockWait is how long a locked table is waited for before dbt has run.
	lockWait = 30 * time.Second
	// pause is the time between two attempts.
	pause = 250 * time.Millisecond
)

// link runs statements on a database, and repeats those that fail for a temporary reason.
type link struct {
	db      connect.Database
	dialect dialect

	lockWait time.Duration // before dbt has run
	patience time.Duration // how long temporary failures are retried; 0 until dbt has run
	reached  bool          // a connection has succeeded once
	failing  time.Time     // since when nothing has worked, zero while it works
}

// bePatient turns on retries once dbt has run, because its audit rows are then worth
// waiting for. Retries take at most half of the time that is left.
func (l *link) bePatient(ctx context.Context) {
	l.patience = failover
	if deadline, ok := ctx.Deadline(); ok {
		l.patience = min(failover, time.Until(deadline)/2)
	}
}

// inTx runs f in a separate transaction and rolls it back if f fails. If the
// transaction fails for a temporary reason, inTx runs f again until the time for that is
// used up. f must therefore be idempotent: if the answer to a commit is lost, the commit
// may still have taken effect.
func (l *link) inTx(ctx context.Context, s step, t Table, f func(*sql.Tx) error) error {
	return l.patiently(ctx, s, t, func(conn *sql.Conn) error { return l.transact(ctx, conn, f) })
}

// send runs statements as inTx does, but sends the whole transaction as one message, and
// returns the rows of those that return any. After an error these are the rows of the
// statements before it. The driver must support batches.
func (l *link) send(
	ctx context.Context, s step, t Table, end string, statements ...connect.Statement,
) (rows [][][]*string, err error) {
	all := []connect.Statement{{SQL: "begin"}}
	if query, args := l.dialect.session(); query != "" {
		all = append(all, connect.Statement{SQL: query, Args: args})
	}
	all = append(append(all, statements...), connect.Statement{SQL: end})
	err = l.patiently(ctx, s, t, func(conn *sql.Conn) (err error) {
		if rows, err = l.db.Batch(ctx, conn, all); err != nil {
			_, _ = conn.ExecContext(ctx, "rollback") // err is the cause if this fails too
		}
		return err
	})
	return rows, err
}

// patiently runs f on a connection, and repeats it while it fails for a temporary reason.
func (l *link) patiently(ctx context.Context, s step, t Table, f func(*sql.Conn) error) error {
	for {
		err := l.try(ctx, f)
		if err == nil {
			l.failing = time.Time{}
			return nil
		}
		if failure := l.db.Failure(err); !l.again(ctx, s, failure) {
			return l.explain(s, t, failure)
		}
	}
}

// explain adds the statement that grants the right if one is missing, and the fix for a
// table that refuses audit rows.
func (l *link) explain(s step, t Table, f connect.Failure) error {
	switch {
	case f.Denied != connect.Nothing:
		return fmt.Errorf("%w; %s", f.Err, l.dialect.grant(s, t, f.Denied))
	case s == inserting && f.Unexplained:
		return fmt.Errorf("it refuses audit rows: %w; change or remove the constraint, the type or the trigger "+
			"that refuses one, or use another audit-table; see "+docs.AuditTable, f.Err)
	default:
		return f.Err
	}
}

func (l *link) try(ctx context.Context, f func(*sql.Conn) error) error {
	conn, err := l.db.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	l.reached = true
	if err = f(conn); err != nil && l.db.Failure(err).Passes {
		// After a failover the server may accept only reads. A new connection reaches
		// its successor.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

func (l *link) transact(ctx context.Context, conn *sql.Conn, f func(*sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if query, args := l.dialect.session(); query != "" {
		_, err = tx.ExecContext(ctx, query, args...)
	}
	if err == nil {
		err = f(tx)
	}
	if err != nil {
		_ = tx.Rollback() // err is the cause if this fails too
		return err
	}
	return tx.Commit()
}

// again pauses and reports whether to try again. A server that was never reached is not
// tried again, because its address is probably wrong.
func (l *link) again(ctx context.Context, s step, f connect.Failure) bool {
	if !f.Passes || !l.reached && !f.Locked {
		return false
	}
	patience := l.patience
	// Each try to alter a table delays the hooks of other jobs, and the table can be used
	// as it is.
	if patience == 0 && f.Locked && s != addingColumns {
		patience = l.lockWait
	}
	if l.failing.IsZero() {
		l.failing = time.Now()
	}
	if time.Since(l.failing) >= patience {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// query returns all rows of a query, nil for null.
func (l *link) query(ctx context.Context, s step, t Table, q query) (all [][]*string, err error) {
	if l.db.Batch != nil {
		answers, err := l.send(ctx, s, t, "commit", connect.Statement{SQL: q.String(), Args: q.args, Rows: true})
		if err != nil {
			return nil, err
		}
		return answers[0], nil
	}
	err = l.patiently(ctx, s, t, func(conn *sql.Conn) (err error) {
		all, err = textRows(ctx, conn, q.String(), q.args)
		return err
	})
	return all, err
}

func textRows(ctx context.Context, conn *sql.Conn, query string, args []any) (all [][]*string, err error) {
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if all, err = connect.Texts(rows); err == nil {
		err = rows.Err()
	}
	return all, err
}

// do runs statements without values.
func (l *link) do(ctx context.Context, s step, t Table, statements ...string) error {
	all := make([]connect.Statement, len(statements))
	for i, statement := range statements {
		all[i].SQL = statement
	}
	return l.run(ctx, s, t, all...)
}

// run runs statements: in one transaction if that is one message, and each by itself
// otherwise.
func (l *link) run(ctx context.Context, s step, t Table, statements ...connect.Statement) error {
	if len(statements) == 0 {
		return nil
	}
	if l.db.Batch != nil {
		_, err := l.send(ctx, s, t, "commit", statements...)
		return err
	}
	for _, statement := range statements {
		err := l.patiently(ctx, s, t, func(conn *sql.Conn) error {
			_, err := conn.ExecContext(ctx, statement.SQL, statement.Args...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tryOut runs a statement and rolls it back.
func (l *link) tryOut(ctx context.Context, s step, t Table, statement string) error {
	if l.db.Batch != nil {
		_, err := l.send(ctx, s, t, "rollback", connect.Statement{SQL: statement})
		return err
	}
	return l.rollingBack(ctx, s, t, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, statement)
		return err
	})
}

// rollingBack runs f in a transaction that is rolled back even if f succeeds.
func (l *link) rollingBack(ctx context.Context, s step, t Table, f func(*sql.Tx) error) error {
	errDone := errors.New("rolled back")
	err := l.inTx(ctx, s, t, func(tx *sql.Tx) error { return cmp.Or(f(tx), errDone) })
	if errors.Is(err, errDone) {
		return nil
	}
	return err
}

// raced reports whether another job did the same at the same time.
func (l *link) raced(err error) bool { return l.db.Failure(err).Raced }

// passes reports whether the cause of an error is temporary.
func (l *link) passes(err error) bool { return l.db.Failure(err).Passes }

// release closes the connection if it keeps other processes, such as dbt, from using the
// database.
func (l *link) release() {
	if l.db.Exclusive {
		l.db.DB.SetMaxIdleConns(0)
		l.db.DB.SetMaxIdleConns(1)
	}
}

func (l *link) close() error { return l.db.DB.Close() }
