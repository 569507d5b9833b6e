package warehouse

import (
	"context"
	"database/sql"
	"errors"
)

// proof is the run_id of the row by which an insert is proven; nobody sees it,
// for it is rolled back.
const proof = "dbt-tally proof"

// step is what was being done when a statement was refused.
type step int

const (
	looking step = iota
	creatingSchema
	creatingTable
	addingColumns
	inserting
	reading
)

// dialect is all in which the engines with a driver of their own differ: pure
// functions that return SQL, and the meaning of errors.
type dialect interface {
	// session returns the first statement of every transaction: behind a pooler
	// nothing else of a session lasts.
	session() (query string, args []any)
	// find returns the query for schema, table, column and type of each column,
	// in order; no rows where there is no such table.
	find(Table) (query string, args []any)
	findSchema(Table) (query string, args []any)
	relation(schema, table string) string
	createSchema(Table) string
	createTable(Table) []string
	addColumns(found, Table) []string
	insertProof(found) string
	selectRows(f found, invocations []string) (query string, args []any)
	// raced says that somebody else did the same at the same time, so that it is
	// worth another try.
	raced(error) bool
	// explain puts an error in words that name what is to be granted or set, and
	// no secret.
	explain(step, Table, error) error
}

// sqlEngine reaches a warehouse by a driver for database/sql.
type sqlEngine struct {
	db      *sql.DB
	dialect dialect
	table   Table
	access  Access
}

func (e *sqlEngine) close() error { return e.db.Close() }

func (e *sqlEngine) prepare(ctx context.Context) (found, []string, error) {
	f, err := e.look(ctx)
	if errors.Is(err, ErrNoTable) && e.access == Write {
		f, err = e.create(ctx)
	}
	if err != nil || f.usable() != nil {
		return f, nil, err
	}
	if e.access == Read {
		_, err := e.read(ctx, f, []string{proof})
		return f, nil, err
	}
	var problems []string
	if len(f.missing()) > 0 {
		if err := e.do(ctx, addingColumns, e.dialect.addColumns(f, e.table)...); err != nil {
			problems = append(problems, lackingColumns(f, err))
		} else if f, err = e.look(ctx); err != nil {
			return found{}, nil, err
		}
	}
	return f, problems, e.prove(ctx, f)
}

func (e *sqlEngine) look(ctx context.Context) (f found, err error) {
	err = e.inTx(ctx, looking, func(tx *sql.Tx) error {
		query, args := e.dialect.find(e.table)
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var schema, table string
		for rows.Next() {
			var c column
			if err := rows.Scan(&schema, &table, &c.Name, &c.Type); err != nil {
				return err
			}
			f.columns = append(f.columns, c)
		}
		f.relation = e.dialect.relation(schema, table)
		return rows.Err()
	})
	if err == nil && len(f.columns) == 0 {
		err = ErrNoTable
	}
	return f, err
}

// create makes the schema where there is none, and the table. Jobs that do it at
// the same time see each other's unfinished work only as an error.
func (e *sqlEngine) create(ctx context.Context) (found, error) {
	const tries = 10
	var err error
	for range tries {
		if err = e.createOnce(ctx); err == nil || !e.dialect.raced(err) {
			break
		}
		if f, lookErr := e.look(ctx); lookErr == nil {
			return f, nil
		}
	}
	if err != nil {
		return found{}, err
	}
	return e.look(ctx)
}

func (e *sqlEngine) createOnce(ctx context.Context) error {
	there := false
	err := e.inTx(ctx, looking, func(tx *sql.Tx) error {
		query, args := e.dialect.findSchema(e.table)
		return tx.QueryRowContext(ctx, query, args...).Scan(&there)
	})
	if err != nil {
		return err
	}
	if !there {
		if err := e.do(ctx, creatingSchema, e.dialect.createSchema(e.table)); err != nil {
			return err
		}
	}
	return e.do(ctx, creatingTable, e.dialect.createTable(e.table)...)
}

// prove inserts a row into all audit columns that there are and reads it back.
func (e *sqlEngine) prove(ctx context.Context, f found) error {
	errProven := errors.New("rolled back")
	err := e.inTx(ctx, inserting, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, e.dialect.insertProof(f)); err != nil {
			return err
		}
		return errProven
	})
	if !errors.Is(err, errProven) {
		return err
	}
	_, err = e.read(ctx, f, []string{proof})
	return err
}

func (e *sqlEngine) records(ctx context.Context, invocations []string) ([]record, error) {
	f, err := e.look(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.usable(); err != nil {
		return nil, err
	}
	return e.read(ctx, f, invocations)
}

func (e *sqlEngine) read(ctx context.Context, f found, invocations []string) (records []record, err error) {
	err = e.inTx(ctx, reading, func(tx *sql.Tx) error {
		query, args := e.dialect.selectRows(f, invocations)
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r record
			into := make([]any, 0, len(recordColumns))
			for _, field := range r.fields() {
				into = append(into, field)
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			records = append(records, r)
		}
		return rows.Err()
	})
	return records, err
}

func (e *sqlEngine) do(ctx context.Context, s step, statements ...string) error {
	return e.inTx(ctx, s, func(tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}

// inTx runs f in a transaction of its own, which an error of f rolls back.
func (e *sqlEngine) inTx(ctx context.Context, s step, f func(*sql.Tx) error) error {
	tx, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return e.dialect.explain(s, e.table, err)
	}
	query, args := e.dialect.session()
	if _, err = tx.ExecContext(ctx, query, args...); err == nil {
		err = f(tx)
	}
	if err != nil {
		_ = tx.Rollback() // err says more than a connection that is gone
		return e.dialect.explain(s, e.table, err)
	}
	return e.dialect.explain(s, e.table, tx.Commit())
}
