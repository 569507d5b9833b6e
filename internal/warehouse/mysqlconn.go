package warehouse

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	driver "github.com/go-sql-driver/mysql"
)

// openMySQL takes the settings of dbt-mysql, and those by which MySQL's connector
// for Python verifies a certificate.
func openMySQL(o Options) (engine, error) {
	config, err := mysqlConfig(o.Target)
	if err != nil {
		return nil, fmt.Errorf("mysql connection: %w", err)
	}
	timeout, err := o.Target.seconds("connect_timeout", 10)
	if err != nil {
		return nil, fmt.Errorf("mysql connection: %w", err)
	}
	m := mysql{user: config.User, schema: o.Target.Schema(), address: config.Addr}
	if err := m.reaches(o.Table); err != nil {
		return nil, fmt.Errorf("audit-database: %w", err)
	}
	db := sql.OpenDB(mysqlConnector{config: config, timeout: timeout, renew: o.Renew})
	db.SetMaxOpenConns(1)
	return &sqlEngine{db: db, table: o.Table, access: o.Access, dialect: m}, nil
}

// mysqlConfig names no database, as dbt-mysql does: the schema may be yet to be
// made.
func mysqlConfig(target Target) (*driver.Config, error) {
	config := driver.NewConfig()
	config.User = target.setting("username", "user", "UID")
	config.Passwd = mysqlPassword(target)
	config.Logger = &driver.NopLogger{} // what it says comes back as an error too
	config.InterpolateParams = true     // a proxy in between need not know prepared statements
	host, port := target.setting("server", "host"), cmp.Or(target.setting("port"), "3306")
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, fmt.Errorf("port: %q is no port; want a number; see docs/warehouses.md", port)
	}
	if socket := target.setting("unix_socket"); host == "" && socket != "" {
		config.Net, config.Addr = "unix", socket
		return config, nil
	}
	config.Net, config.Addr = "tcp", net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port)
	return config, mysqlTLS(target, host, config)
}

func mysqlPassword(target Target) string { return target.setting("password", "PWD") }

// mysqlTLS does as the connector does: TLS where the server has it, unless it is
// disabled, verified only where that is asked for.
func mysqlTLS(target Target, host string, config *driver.Config) error {
	disabled, errDisabled := target.flag("ssl_disabled")
	verify, errVerify := target.flag("ssl_verify_cert")
	identity, errIdentity := target.flag("ssl_verify_identity")
	if err := errors.Join(errDisabled, errVerify, errIdentity); err != nil || disabled {
		return err
	}
	authority := target.path("ssl_ca")
	if authority == "" && !verify && !identity {
		config.TLSConfig = "preferred"
		return nil
	}
	roots, err := authorities(authority)
	if err != nil {
		return err
	}
	config.TLS = verifying(roots, host, identity)
	config.AllowCleartextPasswords = true // a token of IAM, to a server that is known
	certificate, key := target.path("ssl_cert"), target.path("ssl_key")
	if certificate == "" && key == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return fmt.Errorf("ssl_cert and ssl_key: %w", err)
	}
	config.TLS.Certificates = []tls.Certificate{pair}
	return nil
}

// authorities are those of a file, or nil for the system's own.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("ssl_ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("ssl_ca: there is no certificate in %s; want a file of PEM; see docs/warehouses.md", file)
	}
	return roots, nil
}

// verifying accepts a certificate that one of the authorities signed, for that
// host or for any.
func verifying(roots *x509.CertPool, host string, identity bool) *tls.Config {
	config := &tls.Config{RootCAs: roots, ServerName: host, MinVersion: tls.VersionTLS12}
	if identity {
		return config
	}
	config.InsecureSkipVerify = true // the name is all that VerifyConnection leaves out
	config.VerifyConnection = func(state tls.ConnectionState) error {
		intermediates := x509.NewCertPool()
		for _, certificate := range state.PeerCertificates[1:] {
			intermediates.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates})
		return err
	}
	return config
}

// mysqlConnector takes the password as the profile has it now, bounds a connection
// as a whole, and marks what went wrong with it.
type mysqlConnector struct {
	config  *driver.Config
	timeout time.Duration
	renew   func() Target // nil where nothing changes
}

func (c mysqlConnector) Driver() sqldriver.Driver { return driver.MySQLDriver{} }

func (c mysqlConnector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	config := c.config.Clone()
	if c.renew != nil {
		config.Passwd = mysqlPassword(c.renew())
	}
	connector, err := driver.NewConnector(config)
	if err != nil {
		return nil, &dialError{err, config.Passwd}
	}
	if c.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	conn, err := connector.Connect(ctx)
	if err != nil {
		return nil, &dialError{err, config.Passwd}
	}
	return conn, nil
}

// dialError is of a connection that could not be made. It is not to be shown: its
// text may have the password in it.
type dialError struct {
	error
	password string
}

func (e *dialError) Unwrap() error { return e.error }

// explain says where and why, and drops what the error holds.
func (e *dialError) explain(address string) error {
	cause := redactor(e.password)(strings.Join(strings.Fields(e.Error()), " "))
	return fmt.Errorf("connect to mysql at %s: %s%s", address, cause, e.advice())
}

func (e *dialError) advice() string {
	var refused *driver.MySQLError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid *tls.CertificateVerificationError
	switch {
	case errors.As(e, &refused) && refused.Number == loginDenied && isIAMToken(e.password):
		return iamAdvice
	case errors.As(e, &name):
		return "; want the host that the certificate names, or no ssl_verify_identity; see docs/warehouses.md"
	case errors.As(e, &unknown), errors.As(e, &invalid):
		return "; want ssl_ca: the file of the authority that signed the server's certificate; see docs/warehouses.md"
	case errors.Is(e, driver.ErrNoTLS):
		return "; want a server with TLS, or no ssl_ca; see docs/warehouses.md"
	case errors.Is(e, driver.ErrCleartextPassword):
		return "; want ssl_ca, so that the password goes to no stranger; see docs/warehouses.md"
	default:
		return ""
	}
}

// flag is a setting that is true or false, false where there is none.
func (t Target) flag(name string) (bool, error) {
	s := t.setting(name)
	if s == "" {
		return false, nil
	}
	value, err := strconv.ParseBool(s)
	if err != nil {
		return false, fmt.Errorf("%s: unknown value %q; want true or false; see docs/warehouses.md", name, s)
	}
	return value, nil
}
