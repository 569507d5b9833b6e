package postgres

import (
	"context"
	"database/sql"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// batch sends the statements as one message of the simple protocol, which returns every
// value as text. It is part of connect.Database.
func batch(ctx context.Context, conn *sql.Conn, statements []connect.Statement) (all [][][]*string, err error) {
	err = conn.Raw(func(driverConn any) error {
		queued := &pgx.Batch{}
		for _, statement := range statements {
			queued.Queue(statement.SQL, statement.Args...)
		}
		results := driverConn.(*stdlib.Conn).Conn().SendBatch(ctx, queued)
		for _, statement := range statements {
			answer, err := texts(results)
			if err != nil {
				_ = results.Close() // returns the same error
				return err
			}
			if statement.Rows {
				all = append(all, answer)
			}
		}
		return results.Close()
	})
	return all, err
}

// texts reads the rows of the next statement.
func texts(results pgx.BatchResults) (all [][]*string, err error) {
	rows, err := results.Query()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		values := rows.RawValues()
		row := make([]*string, len(values))
		for i, value := range values {
			if value != nil {
				row[i] = new(string(value))
			}
		}
		all = append(all, row)
	}
	return all, rows.Err()
}
