package postgres

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Codes from https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	connectionException   = "08" // the class
	invalidAuthorization  = "28" // the class
	readOnlyTransaction   = "25006"
	insufficientPrivilege = "42501"
	lockNotAvailable      = "55P03"
	noSuchDatabase        = "3D000"
	tooManyConnections    = "53300"
	cannotConnectNow      = "57P03"
	queryCanceled         = "57014"
	invalidValue          = "22023"
)

// If two jobs create the same schema or table, the later one receives a unique violation
// of the catalog, or an error that the object exists.
var racedCodes = []string{
	"23505", // unique_violation
	"42P06", // duplicate_schema
	"42P07", // duplicate_table
	"42710", // duplicate_object
	"40P01", // deadlock_detected
	"XX000", // internal_error: tuple concurrently updated
}

// The temporary errors.
var passingCodes = []string{
	lockNotAvailable,
	readOnlyTransaction,
	"40001", // on a reader: conflict with the replay
	"40P01", // deadlock_detected
	tooManyConnections,
	"57P01", // admin_shutdown
	"57P02", // crash_shutdown
	cannotConnectNow,
}

// failure classifies an error of pgx.
func failure(err error) connect.Failure {
	var refused *pgconn.PgError
	var connecting *pgconn.ConnectError
	f := connect.Failure{Err: err}
	switch said := errors.As(err, &refused); {
	case errors.As(err, &connecting):
		f.Err = explainConnect(connecting)
		f.Passes = !said || passes(refused)
	case cutOff(err):
		f.Err = fmt.Errorf("the connection to postgres was lost: %w", err)
		f.Passes = true
	case said:
		f = refusal(err, refused)
	}
	return f
}

func refusal(err error, refused *pgconn.PgError) connect.Failure {
	f := connect.Failure{
		Err:    err,
		Raced:  slices.Contains(racedCodes, refused.Code),
		Passes: passes(refused),
	}
	switch {
	case refused.Code == insufficientPrivilege:
		f.Denied = denied(refused)
	case refused.Code == lockNotAvailable:
		f.Locked = true
		f.Err = fmt.Errorf("%w: another transaction held it for more than %s", err, connect.LockWait)
	case refused.Code == queryCanceled && strings.Contains(refused.Message, "statement timeout"):
		f.Err = fmt.Errorf("%w; raise statement_timeout for this user; see "+docs.Warehouses, err)
	case refused.Code == invalidValue && strings.HasPrefix(refused.Message, "role "):
		f.Err = fmt.Errorf("%w; set role in the profile to one that exists; see "+docs.Warehouses, err)
	case refused.Code == readOnlyTransaction:
		f.Err = fmt.Errorf("%w; use the writer's endpoint in the profile; see "+docs.Warehouses, err)
	default:
		f.Unexplained = !f.Passes
	}
	return f
}

func passes(refused *pgconn.PgError) bool {
	return strings.HasPrefix(refused.Code, connectionException) || slices.Contains(passingCodes, refused.Code)
}

// denied determines the object from the message, because all objects share one code.
func denied(refused *pgconn.PgError) connect.Denied {
	switch {
	case strings.Contains(refused.Message, "set role"):
		return connect.Role
	case strings.Contains(refused.Message, "schema"):
		return connect.Schema
	default:
		return connect.Object
	}
}

// cutOff recognises the errors with which pgx reports a lost connection.
func cutOff(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err)
}
