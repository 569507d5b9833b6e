// Package duckdb connects to a DuckDB file by the settings of dbt-duckdb. It has no
// driver of its own: the statements run in the Python that runs dbt, whose module
// duckdb is the one that reads and writes the file in dbt's runs, too.
package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Open takes the settings of dbt-duckdb. It opens the database at once, since only
// DuckDB knows its name, and whether the profile is one that this package can follow:
// connect.ErrOnlyDBT if it is not. The file is free for other processes as soon as no
// connection of DB is open.
func Open(ctx context.Context, o connect.Options) (connect.Database, error) {
	if len(o.Python) == 0 {
		return connect.Database{}, fmt.Errorf("%w: its Python is not known", connect.ErrOnlyDBT)
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
