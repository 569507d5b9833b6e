package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
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
	"53300", // too_many_connections
	"57P01", // admin_shutdown
	"57P02", // crash_shutdown
	"57P03", // cannot_connect_now
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
	switch refused.Code {
	case insufficientPrivilege:
		f.Denied = denied(refused)
	case lockNotAvailable:
		f.Locked = true
		f.Err = fmt.Errorf("%w: another transaction held it for more than %s", err, connect.LockWait)
	case readOnlyTransaction:
		f.Err = fmt.Errorf("%w; use the writer's endpoint in the profile; see "+docs.Warehouses, err)
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

// explainConnect keeps the cause for each address, and drops the configuration that pgx's
// error contains.
func explainConnect(err *pgconn.ConnectError) error {
	where := net.JoinHostPort(err.Config.Host, strconv.Itoa(int(err.Config.Port)))
	if strings.HasPrefix(err.Config.Host, "/") {
		where = err.Config.Host
	}
	var causes []string // one line per attempt, with TLS and without
	for line := range strings.Lines(errors.Unwrap(err).Error()) {
		if cause := strings.Join(strings.Fields(line), " "); !slices.Contains(causes, cause) {
			causes = append(causes, cause)
		}
	}
	cause := connect.Redactor(err.Config.Password)(strings.Join(causes, "; "))
	return fmt.Errorf("connect to postgres at %s: %s%s", where, cause, loginAdvice(err))
}

func loginAdvice(err *pgconn.ConnectError) string {
	var refused *pgconn.PgError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid *tls.CertificateVerificationError
	switch {
	case errors.As(err, &refused):
		return refusalAdvice(refused, err.Config.Password)
	case errors.As(err, &name):
		return "; use the host that the certificate names, or set sslmode: verify-ca; see " + docs.Warehouses
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return "; set sslrootcert to the file of the authority that signed the server's certificate; " +
			"see " + docs.Warehouses
	default:
		return ""
	}
}

// Messages from
// https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/libpq/auth.c,
// because their codes are too few to distinguish them.
func refusalAdvice(refused *pgconn.PgError, password string) string {
	switch {
	case !strings.HasPrefix(refused.Code, invalidAuthorization):
		return ""
	case strings.Contains(refused.Message, "no encryption"):
		return "; set sslmode to require, verify-ca or verify-full; see " + docs.Warehouses
	case strings.Contains(refused.Message, "client certificate"):
		return "; set sslcert and sslkey to the files of a certificate that the server knows; see " + docs.Warehouses
	default:
		return connect.ExpiredToken(password)
	}
}
