package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

const (
	// failover is how long one takes at most: Aurora's is over within half a
	// minute, as a rule.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
	failover = time.Minute
	// pause is between two tries.
	pause = 250 * time.Millisecond
)

// bePatient is for what is done once dbt has run: the rows are worth waiting for,
// with half of the time that there is.
func (e *sqlEngine) bePatient(ctx context.Context) {
	e.patience = failover
	if deadline, ok := ctx.Deadline(); ok {
		e.patience = min(failover, time.Until(deadline)/2)
	}
}

// inTx runs f in a transaction of its own, which an error of f rolls back. f runs
// again where the transaction failed for a reason that passes, and the patience
// with it does not end, so that what it did must be fit to be done twice: when a
// commit's answer is lost, nobody knows what became of it.
func (e *sqlEngine) inTx(ctx context.Context, s step, t Table, f func(*sql.Tx) error) error {
	for {
		err := e.try(ctx, f)
		if err == nil {
			e.reached, e.failing = true, time.Time{}
			return nil
		}
		if failure := e.db.Failure(err); !e.again(ctx, failure) {
			return e.explain(s, t, failure)
		}
	}
}

// explain says what is to be granted if a right is missing.
func (e *sqlEngine) explain(s step, t Table, f connect.Failure) error {
	if f.Denied == connect.Nothing {
		return f.Err
	}
	return fmt.Errorf("%w; want: %s", f.Err, e.dialect.grant(s, t, f.Denied))
}

func (e *sqlEngine) try(ctx context.Context, f func(*sql.Tx) error) error {
	conn, err := e.db.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err = e.transact(ctx, conn, f); err != nil && e.db.Failure(err).Passes {
		// A server that has become a reader stays one for this connection.
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

func (e *sqlEngine) transact(ctx context.Context, conn *sql.Conn, f func(*sql.Tx) error) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if query, args := e.dialect.session(); query != "" {
		_, err = tx.ExecContext(ctx, query, args...)
	}
	if err == nil {
		err = f(tx)
	}
	if err != nil {
		_ = tx.Rollback() // err says more than a connection that is gone
		return err
	}
	return tx.Commit()
}

// again says, after a pause, whether another try is worth it. A server that was
// never reached is more likely to be the wrong one.
func (e *sqlEngine) again(ctx context.Context, f connect.Failure) bool {
	if !e.reached || !f.Passes {
		return false
	}
	if e.failing.IsZero() {
		e.failing = time.Now()
	}
	if time.Since(e.failing) >= e.patience {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}
