package duckdb

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"strconv"
	"sync"
	"time"
)

// connector opens the database, each time in a new process.
type connector struct {
	command command
	opening opening

	mu    sync.Mutex
	first *connection // opened by Open and handed out by the first Connect
}

// Driver is part of driver.Connector. It is not used, because no database is opened by a
// driver's name.
func (c *connector) Driver() driver.Driver { return nil }

// Connect retries while another process has the file open, as often as the profile allows.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	c.mu.Lock()
	first := c.first
	c.first = nil
	c.mu.Unlock()
	if first != nil {
		return first, nil
	}
	return c.connect(ctx)
}

func (c *connector) connect(ctx context.Context) (*connection, error) {
	for attempt := 1; ; attempt++ {
		conn, err := c.try(ctx)
		if err == nil || !locked(err) || attempt >= c.opening.attempts {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(time.Second << (attempt - 1)):
		}
	}
}

func (c *connector) try(ctx context.Context) (*connection, error) {
	p, err := c.command.start()
	if err != nil {
		return nil, err
	}
	if _, err := p.ask(ctx, c.opening); err != nil {
		return nil, errors.Join(c.opening.redacted(err), p.end())
	}
	return &connection{process: p}, nil
}

// name returns the database in which dbt builds, unquoted.
func (c *connector) name(ctx context.Context) (string, error) {
	if c.opening.database != "" {
		return c.opening.database, nil
	}
	answer, err := c.first.run(ctx, "select current_database()", nil)
	if err != nil {
		return "", err
	}
	return *answer.Rows[0][0], nil
}

// Close ends the process of the first connection if Connect was never called.
func (c *connector) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == nil {
		return nil
	}
	first := c.first
	c.first = nil
	return first.Close()
}

// connection is one process that has the database open.
type connection struct{ process *process }

// request is a statement, and answer is its result.
type request struct {
	SQL  string `json:"sql"`
	Args []any  `json:"args"`
}

type answer struct {
	Columns []string    `json:"columns"`
	Rows    [][]*string `json:"rows"`
}

func (c *connection) run(ctx context.Context, query string, args []driver.NamedValue) (answer, error) {
	r := request{SQL: query, Args: make([]any, len(args))}
	for i, arg := range args {
		r.Args[i] = arg.Value
	}
	return c.process.ask(ctx, r)
}

func (c *connection) IsValid() bool { return !c.process.lost }

func (c *connection) Close() error { return c.process.end() }

// Prepare and Begin are part of driver.Conn. database/sql calls the methods with a context
// instead.
func (c *connection) Prepare(string) (driver.Stmt, error) { return nil, errors.ErrUnsupported }

func (c *connection) Begin() (driver.Tx, error) { return nil, errors.ErrUnsupported }

func (c *connection) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	_, err := c.run(ctx, "begin transaction", nil)
	return transaction{c}, err
}

func (c *connection) ExecContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Result, error) {
	answer, err := c.run(ctx, query, args)
	if err != nil {
		return nil, err
	}
	return changed(answer), nil
}

func (c *connection) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Rows, error) {
	answer, err := c.run(ctx, query, args)
	return &rows{answer: answer}, err
}

// transaction commits and rolls back without a context. Both take little time, and a
// rollback must be possible after the context of the transaction has ended.
type transaction struct{ *connection }

func (t transaction) Commit() error {
	_, err := t.run(context.Background(), "commit", nil)
	return err
}

func (t transaction) Rollback() error {
	_, err := t.run(context.Background(), "rollback", nil)
	return err
}

// changed is the answer to an insert or a delete, which contains the number of rows.
type changed answer

func (c changed) LastInsertId() (int64, error) { return 0, errors.ErrUnsupported }

func (c changed) RowsAffected() (int64, error) {
	if len(c.Columns) != 1 || c.Columns[0] != "Count" || len(c.Rows) != 1 {
		return 0, errors.ErrUnsupported
	}
	return strconv.ParseInt(*c.Rows[0][0], 10, 64)
}

// rows holds a whole result in memory.
type rows struct {
	answer
	next int
}

func (r *rows) Columns() []string { return r.answer.Columns }

func (r *rows) Close() error { return nil }

func (r *rows) Next(into []driver.Value) error {
	if r.next == len(r.Rows) {
		return io.EOF
	}
	for i, value := range r.Rows[r.next] {
		into[i] = nil
		if value != nil {
			into[i] = *value
		}
	}
	r.next++
	return nil
}
