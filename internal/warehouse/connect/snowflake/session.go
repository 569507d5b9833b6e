package snowflake

import (
	"context"
	sqldriver "database/sql/driver"
	"fmt"
	"time"
)

// conn is what the driver's connections can do.
type conn interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.NamedValueChecker
}

// session is a connection that enforces the deadline of its context, because the
// driver first tells Snowflake, without any deadline. Its statements carry a
// comment, at their end, because Snowflake drops one at the start.
type session struct {
	conn
	// abandoned means that a call of the driver came to no end in time. It still
	// uses the connection, which allows one call at a time.
	abandoned bool
}

const (
	comment         = "\n/* dbt_tally */"
	goodbyePatience = time.Second // for each of its two words
)

func (s *session) ExecContext(
	ctx context.Context, query string, args []sqldriver.NamedValue,
) (sqldriver.Result, error) {
	return during(ctx, s, func() (sqldriver.Result, error) {
		return s.conn.ExecContext(ctx, query+comment, args)
	})
}

func (s *session) QueryContext(
	ctx context.Context, query string, args []sqldriver.NamedValue,
) (sqldriver.Rows, error) {
	return during(ctx, s, func() (sqldriver.Rows, error) {
		return s.conn.QueryContext(ctx, query+comment, args)
	})
}

// BeginTx keeps the context to itself: the driver rolls nothing back once it is done.
func (s *session) BeginTx(ctx context.Context, options sqldriver.TxOptions) (sqldriver.Tx, error) {
	tx, err := during(ctx, s, func() (sqldriver.Tx, error) {
		return s.conn.BeginTx(context.WithoutCancel(ctx), options)
	})
	if err != nil {
		return nil, err
	}
	return transaction{s, tx, ctx}, nil
}

// IsValid keeps an abandoned connection out of the pool.
func (s *session) IsValid() bool { return !s.abandoned }

// Close leaves an abandoned connection to the call that still uses it.
func (s *session) Close() error {
	if s.abandoned {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbyePatience)
	defer cancel()
	_, _, err := within(ctx, func() (any, error) { return nil, s.conn.Close() }, func(any) {})
	return err
}

// transaction ends with its context, too.
type transaction struct {
	session *session
	tx      sqldriver.Tx
	ctx     context.Context
}

func (t transaction) Commit() error {
	_, err := during(t.ctx, t.session, func() (any, error) { return nil, t.tx.Commit() })
	return err
}

// Rollback gives the connection up if it fails: the next transaction would find
// itself inside this one.
func (t transaction) Rollback() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), goodbyePatience)
	defer cancel()
	if _, err := during(ctx, t.session, func() (any, error) { return nil, t.tx.Rollback() }); err != nil {
		return sqldriver.ErrBadConn
	}
	return nil
}

// during makes a call of the driver on the session's connection. A call that comes
// to no end in time keeps the connection and closes it later, with which Snowflake
// rolls back what was begun.
func during[T any](ctx context.Context, s *session, call func() (T, error)) (T, error) {
	if s.abandoned {
		var none T
		return none, sqldriver.ErrBadConn
	}
	value, inTime, err := within(ctx, call, func(T) { _ = s.conn.Close() })
	s.abandoned = !inTime
	return value, err
}

// within returns once the call does or the context is done, and whether the call
// was in time. The answer of one that was not goes to late. The driver panics if an answer makes no sense to
// it, which must not end dbt's run.
func within[T any](
	ctx context.Context, call func() (T, error), late func(T),
) (value T, inTime bool, err error) {
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
		return a.value, true, a.err
	case <-ctx.Done():
		go func() { late((<-answered).value) }()
		return value, false, ctx.Err()
	}
}
