package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// sqlEngine reaches a warehouse by a driver for database/sql.
type sqlEngine struct {
	db      connect.Database
	dialect dialect
	table   Table // the audit table
	access  Access

	patience time.Duration // with what passes; none until dbt has run
	reached  bool          // that there is such a server is known
	failing  time.Time     // since when nothing has worked, zero while it works
}

// openSQL opens a warehouse for whose profile type there is a connector.
func openSQL(o Options, kind profileType) (engine, error) {
	db, err := kind.connect(o.connection())
	if err != nil {
		return nil, err
	}
	e := &sqlEngine{db: db, dialect: kind.dialect(o.Target, db), access: o.Access}
	exact := e.dialect.exact
	e.table = Table{Database: exact(o.Table.Database), Schema: exact(o.Table.Schema), Name: exact(o.Table.Name)}
	if err := e.dialect.reaches(e.table); err != nil {
		return nil, errors.Join(fmt.Errorf("audit-database: %w", err), e.close())
	}
	if err := e.dialect.fits(e.table); o.Access == Write && err != nil {
		return nil, errors.Join(fmt.Errorf("audit-table: %w", err), e.close())
	}
	return e, nil
}

func (e *sqlEngine) close() error { return e.db.DB.Close() }

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
