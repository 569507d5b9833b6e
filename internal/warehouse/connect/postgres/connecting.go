package postgres

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// explainConnect states the server's address once, the cause, and what to do. It drops the
// configuration that pgx's error contains.
func explainConnect(err *pgconn.ConnectError) error {
	where := net.JoinHostPort(err.Config.Host, strconv.Itoa(int(err.Config.Port)))
	if strings.HasPrefix(err.Config.Host, "/") {
		where = err.Config.Host
	}
	var causes []string
	for _, attempt := range attempts(err) {
		if cause := causeOf(attempt); !slices.Contains(causes, cause) {
			causes = append(causes, cause)
		}
	}
	cause := connect.Redactor(err.Config.Password)(strings.Join(causes, "; "))
	return fmt.Errorf("connect to postgres at %s: %s%s", where, cause, loginAdvice(err))
}

// attempts returns an error for each address, and for each of them with TLS and without.
// If the server refused the login, other errors are those of an attempt before that one.
func attempts(err *pgconn.ConnectError) []error {
	all := []error{errors.Unwrap(err)}
	if joined, ok := all[0].(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	answered := func(err error) bool { return errors.As(err, new(*pgconn.PgError)) }
	if slices.ContainsFunc(all, answered) {
		all = slices.DeleteFunc(slices.Clone(all), func(err error) bool { return !answered(err) })
	}
	return all
}

// phase is what pgx puts before the cause: the address, and what it was doing.
var phase = regexp.MustCompile(`^\S+ \(\S+\): (?:\w+ error: )?`)

func causeOf(err error) string {
	var refused *pgconn.PgError
	var untrusted *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &refused):
		return oneLine(refused.Error())
	case errors.As(err, &untrusted):
		return oneLine(untrusted.Err.Error())
	case errors.As(err, &unknown):
		return unknown.Error()
	}
	if words := connect.Unreachable(err); words != "" {
		return words
	}
	return phase.ReplaceAllString(oneLine(err.Error()), "")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

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
	case strings.Contains(err.Error(), "server refused TLS connection"):
		return "; set sslmode to prefer or disable, or use a server with TLS; see " + docs.Warehouses
	default:
		return ""
	}
}

// refusalAdvice goes by the messages from
// https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/libpq/auth.c,
// because their codes are too few to distinguish them.
func refusalAdvice(refused *pgconn.PgError, password string) string {
	fix := ""
	switch {
	case refused.Code == noSuchDatabase:
		fix = "set dbname to a database of this server"
	case refused.Code == tooManyConnections:
		fix = "lower threads, or run fewer jobs at once"
	case refused.Code == cannotConnectNow:
		fix = "run it again when the server is up"
	case !strings.HasPrefix(refused.Code, invalidAuthorization):
		return ""
	case strings.Contains(refused.Message, "no encryption"):
		fix = "set sslmode to require, verify-ca or verify-full"
	case strings.Contains(refused.Message, "client certificate"):
		fix = "set sslcert and sslkey to the files of a certificate that the server knows"
	case connect.ExpiredToken(password) != "":
		return connect.ExpiredToken(password)
	case strings.Contains(refused.Message, "pg_hba.conf"):
		fix = "have an administrator allow this address in pg_hba.conf"
	default:
		fix = "set user and password in the profile to a login that the server knows"
	}
	return "; " + fix + "; see " + docs.Warehouses
}
