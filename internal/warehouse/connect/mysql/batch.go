package mysql

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	driver "github.com/go-sql-driver/mysql"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// syntaxError is the answer of a proxy that passes on one statement per message alone.
const syntaxError = 1064

// batch sends the statements as one message, or as one message each to a proxy that
// refuses several in one. It is part of connect.Database.
func batch(ctx context.Context, conn *sql.Conn, statements []connect.Statement) ([][][]*string, error) {
	all, err := query(ctx, conn, statements)
	var refused *driver.MySQLError
	if len(all) > 0 || !errors.As(err, &refused) || refused.Number != syntaxError {
		return all, err
	}
	_, _ = conn.ExecContext(ctx, "rollback") // of what came before the statement that was refused
	for _, statement := range statements {
		answer, err := query(ctx, conn, []connect.Statement{statement})
		if err != nil {
			return all, err
		}
		all = append(all, answer...)
	}
	return all, nil
}

// query sends statements as one message.
func query(ctx context.Context, conn *sql.Conn, statements []connect.Statement) (all [][][]*string, err error) {
	texts, wanted := make([]string, len(statements)), 0
	var args []any
	for i, statement := range statements {
		texts[i], args = statement.SQL, append(args, statement.Args...)
		if statement.Rows {
			wanted++
		}
	}
	rows, err := conn.QueryContext(ctx, strings.Join(texts, ";\n"), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for len(all) < wanted {
		answer, err := connect.Texts(rows)
		if err != nil {
			return all, err
		}
		all = append(all, answer)
		if !rows.NextResultSet() {
			break
		}
	}
	// The answers to the statements after the last rows are read here.
	for rows.NextResultSet() {
	}
	return all, rows.Err()
}
