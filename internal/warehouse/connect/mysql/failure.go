package mysql

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	driver "github.com/go-sql-driver/mysql"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Numbers from https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
// and https://mariadb.com/docs/server/reference/error-codes.
const (
	schemaDenied  = 1044
	loginDenied   = 1045
	tableDenied   = 1142
	lockTimedOut  = 1205
	tooManyUsers  = 1040
	databaseThere = 1007
	tableThere    = 1050
	deadlock      = 1213
)

var (
	// raced are the errors of the later of two jobs that create the same object.
	raced = []uint16{databaseThere, tableThere, deadlock}

	// readOnly are the errors of a server that accepts only reads since a failover.
	readOnly = []uint16{1290, 1792, 1836}

	// passing are the temporary errors other than readOnly.
	passing = []uint16{
		lockTimedOut, deadlock,
		tooManyUsers,
		1053, // the server is shutting down
		1317, // the statement was killed, as it is when the server shuts down
		1927, // MariaDB: the connection was killed
		3169, // MySQL: the session was killed
		4031, // MySQL: idle for longer than wait_timeout
	}
)

// failures classifies the errors of the server at an address.
type failures struct{ address string }

// failure classifies an error of the driver.
func (f failures) failure(err error) connect.Failure {
	var refused *driver.MySQLError
	var connecting *dialError
	switch said := errors.As(err, &refused); {
	case errors.As(err, &connecting):
		return connect.Failure{Err: connecting.explain(f.address), Passes: !said || passes(refused)}
	case lost(err):
		return connect.Failure{
			Err:    fmt.Errorf("the connection to mysql at %s was lost: %w", f.address, err),
			Passes: true,
		}
	case said:
		return refusal(err, refused)
	default:
		return connect.Failure{Err: err}
	}
}

func refusal(err error, refused *driver.MySQLError) connect.Failure {
	f := connect.Failure{
		Err:    err,
		Raced:  slices.Contains(raced, refused.Number),
		Passes: passes(refused),
	}
	switch {
	case refused.Number == schemaDenied, refused.Number == tableDenied:
		f.Denied = connect.Object
	case refused.Number == lockTimedOut:
		f.Locked = true
		f.Err = fmt.Errorf("%w: another transaction held it for more than %s", err, connect.LockWait)
	case slices.Contains(readOnly, refused.Number):
		f.Err = fmt.Errorf("%w; use the writer's endpoint in the profile; see "+docs.Warehouses, err)
	default:
		f.Unexplained = !f.Passes
	}
	return f
}

func passes(refused *driver.MySQLError) bool {
	return slices.Contains(passing, refused.Number) || slices.Contains(readOnly, refused.Number)
}

func lost(err error) bool {
	return errors.Is(err, driver.ErrInvalidConn) || errors.Is(err, sqldriver.ErrBadConn)
}

// dialError reports a connection that could not be opened. Do not show it: its text may
// contain the password.
type dialError struct {
	error
	password string
}

func (e *dialError) Unwrap() error { return e.error }

// explain states the address and the cause, without the rest of the error.
func (e *dialError) explain(address string) error {
	cause := connect.Unreachable(e)
	if errors.Is(e, driver.ErrInvalidConn) || errors.Is(e, sqldriver.ErrBadConn) {
		cause = connect.Unreachable(io.EOF)
	}
	if cause == "" {
		cause = strings.Join(strings.Fields(e.Error()), " ")
	}
	cause = connect.Redactor(e.password)(cause)
	return fmt.Errorf("connect to mysql at %s: %s%s", address, cause, e.advice())
}

func (e *dialError) advice() string {
	var refused *driver.MySQLError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid *tls.CertificateVerificationError
	switch {
	case errors.As(e, &refused) && refused.Number == loginDenied:
		const fix = "; set username and password in the profile to a login that the server knows; see " + docs.Warehouses
		return cmp.Or(connect.ExpiredToken(e.password), fix)
	case errors.As(e, &refused) && refused.Number == tooManyUsers:
		return "; lower threads, or run fewer jobs at once; see " + docs.Warehouses
	case errors.As(e, &name):
		return "; use the host that the certificate names, or unset ssl_verify_identity; see " + docs.Warehouses
	case errors.As(e, &unknown), errors.As(e, &invalid):
		return "; set ssl_ca to the file of the authority that signed the server's certificate; see " + docs.Warehouses
	case errors.Is(e, driver.ErrNoTLS):
		return "; use a server with TLS, or unset ssl_ca; see " + docs.Warehouses
	case errors.Is(e, driver.ErrCleartextPassword):
		return "; set ssl_ca: without it the password might go to another server; see " + docs.Warehouses
	default:
		return ""
	}
}
