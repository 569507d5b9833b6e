package snowflake

import (
	"context"
	sqldriver "database/sql/driver"
	"fmt"
	"time"
)

// conn contains the methods of the driver's connections.
type conn interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.NamedValueChecker
}

// session is a connection that enforces the context deadline: the driver first cancels
// the statement at Snowflake, and that request has no deadline. Each statement ends with
// a comment, because Snowflake drops a comment at the start.
type session struct {
	conn
	// abandoned means that a call of the driver did not return in time. It still uses the
	// connection, which allows only one call at a time.
	abandoned bool
}

const (
	comment         = "\n/* dbt_tally */"
	goodbyePatience = time.Second // for each of its two requests
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

// BeginTx does not pass the context to the driver, which would refuse the rollback once
// the context is done.
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

// Close does not close an abandoned connection, because a call still uses it.
func (s *session) Close() error {
	if s.abandoned {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbyePatience)
	defer cancel()
	_, _, err := within(ctx, func() (any, error) { return nil, s.conn.Close() }, func(any) {})
	return err
}

// transaction uses the context of its beginning for the commit.
type transaction struct {
	session *session
	tx      sqldriver.Tx
	ctx     context.Context
}

func (t transaction) Commit() error {
	_, err := during(t.ctx, t.session, func() (any, error) { return nil, t.tx.Commit() })
	return err
}

// Rollback abandons the connection if it fails, because the next transaction would become
// part of this one.
func (t transaction) Rollback() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), goodbyePatience)
	defer cancel()
	if _, err := during(ctx, t.session, func() (any, error) { return nil, t.tx.Rollback() }); err != nil {
		return sqldriver.ErrBadConn
	}
	return nil
}

// during makes a call of the driver on the session's connection. A call that does not
// return in time keeps the connection and closes it later; Snowflake then rolls back the
// open transaction.
func during[T any](ctx context.Context, s *session, call func() (T, error)) (T, error) {
	if s.abandoned {
		var none T
		return none, sqldriver.ErrBadConn
	}
	value, inTime, err := within(ctx, call, func(T) { _ = s.conn.Close() })
	s.abandoned = !inTime
	return value, err
}

// within waits until the call returns or the context is done, and reports whether the
// call returned in time. A late result is passed to late. A panic becomes an error: the
// driver panics on an answer that it cannot parse, which must not end dbt's run.
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
				answered <- answer{err: fmt.Errorf("the driver cannot parse an answer: %v", problem)}
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
