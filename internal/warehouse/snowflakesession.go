package warehouse

import (
	"context"
	sqldriver "database/sql/driver"
	"fmt"
	"time"
)

// snowflakeConn is what the driver's connections can do.
type snowflakeConn interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.NamedValueChecker
}

// snowflakeSession is a connection that keeps to its context's deadline, which the
// driver does not: it tells Snowflake first, without any. Its statements carry a
// comment, at their end, for Snowflake drops one at the start.
type snowflakeSession struct{ snowflakeConn }

const (
	snowflakeComment = "\n/* dbt_tally */"
	goodbyePatience  = time.Second // for each of its two words
)

func (s snowflakeSession) ExecContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	return within(ctx, func() (sqldriver.Result, error) {
		return s.snowflakeConn.ExecContext(ctx, query+snowflakeComment, args)
	})
}

func (s snowflakeSession) QueryContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	return within(ctx, func() (sqldriver.Rows, error) {
		return s.snowflakeConn.QueryContext(ctx, query+snowflakeComment, args)
	})
}

// BeginTx keeps the context to itself: the driver rolls nothing back once it is done.
func (s snowflakeSession) BeginTx(ctx context.Context, options sqldriver.TxOptions) (sqldriver.Tx, error) {
	tx, err := within(ctx, func() (sqldriver.Tx, error) {
		return s.snowflakeConn.BeginTx(context.WithoutCancel(ctx), options)
	})
	return snowflakeTx{tx, ctx}, err
}

func (s snowflakeSession) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyePatience)
	defer cancel()
	_, err := within(ctx, func() (any, error) { return nil, s.snowflakeConn.Close() })
	return err
}

// snowflakeTx ends with its context, too.
type snowflakeTx struct {
	sqldriver.Tx
	ctx context.Context
}

func (t snowflakeTx) Commit() error {
	_, err := within(t.ctx, func() (any, error) { return nil, t.Tx.Commit() })
	return err
}

// Rollback gives the connection up where it can't be told: the next transaction
// would find itself inside this one.
func (t snowflakeTx) Rollback() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), goodbyePatience)
	defer cancel()
	if _, err := within(ctx, func() (any, error) { return nil, t.Tx.Rollback() }); err != nil {
		return sqldriver.ErrBadConn
	}
	return nil
}

// within leaves a call alone once the context is done. The driver panics where an
// answer makes no sense to it, which must not end dbt's run.
func within[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() {
			if problem := recover(); problem != nil {
				answered <- answer{err: fmt.Errorf("the driver cannot make sense of an answer: %v", problem)}
			}
		}()
		value, err := call()
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
