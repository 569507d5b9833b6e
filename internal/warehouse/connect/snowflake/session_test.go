package snowflake

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
	"testing"
	"time"
)

// slowConn takes one call at a time, as database/sql promises every driver. A call that
// hangs ignores its context.
type slowConn struct {
	t      *testing.T
	hangs  string        // the call that hangs
	end    chan struct{} // ends it
	closed chan struct{}

	inCall sync.Mutex
	calls  []string // unguarded on purpose: -race reports two concurrent calls
}

func (c *slowConn) call(name string) error {
	if !c.inCall.TryLock() {
		c.t.Errorf("%s while another call still runs", name)
		return nil
	}
	defer c.inCall.Unlock()
	c.calls = append(c.calls, name)
	if name == c.hangs {
		<-c.end
	}
	return nil
}

func (c *slowConn) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }
func (c *slowConn) Begin() (driver.Tx, error)           { return nil, errors.ErrUnsupported }
func (c *slowConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) {
	return slowTx{c}, c.call("begin")
}

func (c *slowConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return driver.RowsAffected(0), c.call("exec")
}

func (c *slowConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return nil, errors.Join(c.call("query"), errors.ErrUnsupported)
}
func (c *slowConn) CheckNamedValue(*driver.NamedValue) error { return nil }
func (c *slowConn) Close() error {
	defer close(c.closed)
	return c.call("close")
}

type slowTx struct{ *slowConn }

func (tx slowTx) Commit() error   { return tx.call("commit") }
func (tx slowTx) Rollback() error { return tx.call("rollback") }

// sessions opens one session on one connection, and no other.
type sessions struct{ conn *slowConn }

func (s sessions) Driver() driver.Driver { return nil }
func (s sessions) Connect(context.Context) (driver.Conn, error) {
	if s.conn == nil {
		return nil, errors.New("a second connection")
	}
	return &session{conn: s.conn}, nil
}

func TestAnAbandonedConnectionIsNotUsed(t *testing.T) {
	t.Parallel()
	for _, hangs := range []string{"begin", "exec", "query", "commit", "rollback"} {
		t.Run(hangs, func(t *testing.T) {
			t.Parallel()
			conn := &slowConn{t: t, hangs: hangs, end: make(chan struct{}), closed: make(chan struct{})}
			db := sql.OpenDB(sessions{conn})
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if err := transact(ctx, db, hangs); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v; want the deadline's", err)
			}
			if err := db.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			close(conn.end)
			select {
			case <-conn.closed:
			case <-time.After(10 * time.Second):
				t.Fatal("the connection is not closed once the call has ended")
			}
			if last := conn.calls[len(conn.calls)-2:]; last[0] != hangs || last[1] != "close" {
				t.Errorf("calls %q; want nothing between the one that hung and the end", conn.calls)
			}
		})
	}
}

// transact makes every call of a transaction up to the one that hangs.
func transact(ctx context.Context, db *sql.DB, hangs string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	switch _, err = tx.ExecContext(ctx, "insert"); hangs {
	case "query":
		var rows *sql.Rows
		if rows, err = tx.QueryContext(ctx, "select"); err == nil {
			err = errors.Join(rows.Err(), rows.Close())
		}
	case "commit":
		return tx.Commit()
	case "rollback":
		<-ctx.Done()
		_ = tx.Rollback()
		return ctx.Err()
	}
	return errors.Join(err, tx.Rollback())
}
