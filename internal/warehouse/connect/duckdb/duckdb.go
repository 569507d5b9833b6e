// Package duckdb connects to a DuckDB file with the settings of dbt-duckdb. It has no
// driver of its own. Instead it runs the statements in the Python that runs dbt, because
// the DuckDB installed there is certain to read and write the file as dbt does.
package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Open reads the settings of dbt-duckdb. It opens the database at once, because only
// DuckDB knows the name of the database and whether it supports the profile's settings.
// The error is connect.ErrOnlyDBT if this package cannot use the profile. Other processes
// can open the file whenever no connection of DB is open.
func Open(ctx context.Context, o connect.Options) (connect.Database, error) {
	if len(o.Python) == 0 {
		return connect.Database{}, fmt.Errorf("%w: the Python that runs dbt is unknown", connect.ErrOnlyDBT)
	}
	opening, err := newOpening(o.Settings)
	if err != nil {
		return connect.Database{}, fmt.Errorf("%w: %w", connect.ErrOnlyDBT, err)
	}
	c := &connector{
		command: command{python: o.Python, dir: o.Settings.Dir, environ: o.Environ}, opening: opening,
	}
	if c.first, err = c.connect(ctx); err != nil {
		if locked(err) || ctx.Err() != nil {
			return connect.Database{}, failure(err).Err
		}
		return connect.Database{}, fmt.Errorf("%w: %w", connect.ErrOnlyDBT, err)
	}
	name, err := c.name(ctx)
	if err != nil {
		return connect.Database{}, errors.Join(fmt.Errorf("%w: %w", connect.ErrOnlyDBT, err), c.Close())
	}
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(1)
	return connect.Database{DB: db, Name: name, Exclusive: true, Failure: failure}, nil
}
