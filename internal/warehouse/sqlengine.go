package warehouse

import (
	"context"
	"database/sql"
	"time"
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
	recording
	reading
	deleting
)

// dialect is all in which the engines with a driver of their own differ: pure
// functions that return SQL, and the meaning of errors. A query for rows gives
// every value as text.
type dialect interface {
	// session returns the first statement of every transaction, "" for none: behind
	// a pooler nothing else of a session lasts.
	session() (query string, args []any)
	// exact is a name as the catalog has it, of one as users write it.
	exact(name string) string
	// reaches refuses a database that the connection cannot see.
	reaches(Table) error
	// find returns the query for schema, table, column and type of each column,
	// in order; no rows where there is no such table.
	find(Table) (query string, args []any)
	findSchema(Table) (query string, args []any)
	relation(Table) string
	createSchema(Table) string
	createTable(Table, layout) []string
	addColumns(found) []string
	// widenCount makes the row_count of a relation a bigint.
	widenCount(relation string) string
	// insertProof is an insert as the hooks write it. guard is what keeps a failing
	// one from its model, if anything does that has to be proven: a query around
	// "{}", the insert, which returns null or why that failed.
	insertProof(found) string
	guard() string
	// insertRun inserts nothing where there is a row of that run.
	insertRun(f found, values []*string) (query string, args []any)
	// selectRows, selectNewest and selectRuns return queries for recordColumns of
	// some runs, for those of the newest after row of each node, and for runs.
	selectRows(f found, runs []string) (query string, args []any)
	selectNewest(f found, since, before time.Time, exclude []string) (query string, args []any)
	selectRuns(found, runFilter) (query string, args []any)
	// countOlder returns the query for the runs that have rows of before, by a
	// column, and for the number of these; deleteOlder deletes them, of some runs.
	countOlder(f found, column string, than time.Time) (query string, args []any)
	deleteOlder(f found, column string, than time.Time, runs []string) (query string, args []any)
	// raced says that somebody else did the same at the same time, so that it is
	// worth another try.
	raced(error) bool
	// passes says that the reason for an error goes away by itself: the connection
	// was lost, the server hands over to another, two transactions were in each
	// other's way.
	passes(error) bool
	// explain puts an error in words that name what is to be granted or set, and
	// no secret.
	explain(step, Table, error) error
}

// sqlEngine reaches a warehouse by a driver for database/sql.
type sqlEngine struct {
	db      *sql.DB
	dialect dialect
	table   Table // the audit table
	access  Access

	patience time.Duration // with what passes; none until dbt has run
	reached  bool          // that there is such a server is known
	failing  time.Time     // since when nothing has worked, zero while it works
}

func (e *sqlEngine) close() error { return e.db.Close() }

// look finds a table, or gives ErrNoTable.
func (e *sqlEngine) look(ctx context.Context, t Table, l layout) (found, error) {
	query, args := e.dialect.find(t)
	rows, err := e.query(ctx, looking, t, query, args)
	if err != nil {
		return found{}, err
	}
	if len(rows) == 0 {
		return found{}, ErrNoTable
	}
	f := found{table: t, layout: l}
	for _, row := range rows {
		f.table.Schema, f.table.Name = deref(row[0]), deref(row[1])
		f.columns = append(f.columns, column{Name: deref(row[2]), Type: deref(row[3])})
	}
	f.relation = e.dialect.relation(f.table)
	f.widen = e.dialect.widenCount(f.relation)
	return f, nil
}

// read returns recordColumns of all audit rows of some runs.
func (e *sqlEngine) read(ctx context.Context, f found, runs []string) ([][]*string, error) {
	query, args := e.dialect.selectRows(f, runs)
	return e.query(ctx, reading, f.table, query, args)
}

// query returns all rows of a query, nil for null.
func (e *sqlEngine) query(ctx context.Context, s step, t Table, query string, args []any) (all [][]*string, err error) {
	err = e.inTx(ctx, s, t, func(tx *sql.Tx) error {
		all = nil
		rows, err := tx.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, into := make([]*string, len(names)), make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			all = append(all, values)
		}
		return rows.Err()
	})
	return all, err
}

func (e *sqlEngine) do(ctx context.Context, s step, t Table, statements ...string) error {
	return e.inTx(ctx, s, t, func(tx *sql.Tx) error {
		for _, statement := range statements {
			if _, err := tx.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}
