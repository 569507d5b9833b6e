package warehouse

import (
	"context"
	"errors"
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// sqlEngine reaches a warehouse through a driver for database/sql.
type sqlEngine struct {
	db      *link
	dialect dialect
	table   Table // the audit table
	access  Access
}

// openSQL wraps a database that a connector has opened.
func openSQL(o Options, kind profileType, db connect.Database) (engine, error) {
	e := &sqlEngine{dialect: kind.dialect(o.Target, db), access: o.Access}
	e.db = &link{db: db, dialect: e.dialect}
	exact := e.dialect.exact
	e.table = Table{Database: exact(o.Table.Database), Schema: exact(o.Table.Schema), Name: exact(o.Table.Name)}
	if err := e.dialect.reaches(e.table); err != nil {
		return nil, errors.Join(fmt.Errorf("audit-table: %w", err), e.close())
	}
	if err := e.dialect.fits(e.table); o.Access == Write && err != nil {
		return nil, errors.Join(fmt.Errorf("audit-table: %w", err), e.close())
	}
	return e, nil
}

func (e *sqlEngine) close() error { return e.db.close() }

// look finds a table, or returns ErrNoTable.
func (e *sqlEngine) look(ctx context.Context, t Table, l layout) (found, error) {
	query, args := e.dialect.selectColumns(t)
	rows, err := e.db.query(ctx, looking, t, query, args)
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
	return e.db.query(ctx, reading, f.table, query, args)
}
