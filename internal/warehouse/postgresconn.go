package warehouse

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// openPostgres takes the settings of dbt-postgres. What the profile does not say
// comes from libpq's PG* variables and files, as it does for dbt.
func openPostgres(o Options) (engine, error) {
	config, err := postgresConfig(o)
	if err != nil {
		return nil, fmt.Errorf("postgres connection: %w", err)
	}
	role := fold(o.Target.setting("role"))
	p := postgres{
		user:       cmp.Or(role, config.User),
		role:       role,
		searchPath: o.Target.setting("search_path"),
		database:   config.Database,
	}
	if err := p.reaches(o.Table); err != nil {
		return nil, fmt.Errorf("audit-database: %w", err)
	}
	if err := p.fits(o.Table); o.Access == Write && err != nil {
		return nil, fmt.Errorf("audit-table: %w", err)
	}
	// One connection from the first query to the last: who is in needs no password
	// again.
	db := stdlib.OpenDB(*config, stdlib.OptionBeforeConnect(o.renewPassword))
	db.SetMaxOpenConns(1)
	return &sqlEngine{db: db, table: o.Table, access: o.Access, dialect: p}, nil
}

// renewPassword takes the password as the profile has it now.
func (o Options) renewPassword(_ context.Context, config *pgx.ConnConfig) error {
	if o.Renew == nil {
		return nil
	}
	o.Target = o.Renew()
	renewed, err := postgresConfig(o)
	if err != nil {
		return fmt.Errorf("postgres connection: %w", err)
	}
	config.Password = renewed.Password
	return nil
}

// postgresConfig keeps the password out of the connection string, which pgx
// repeats in its errors.
func postgresConfig(o Options) (*pgx.ConnConfig, error) {
	target := o.Target
	timeout, err := target.seconds("connect_timeout", 10)
	if err != nil {
		return nil, err
	}
	idle, err := target.seconds("keepalives_idle", 0)
	if err != nil {
		return nil, err
	}
	if mode := target.setting("sslmode"); mode != "" && !slices.Contains(sslModes, mode) {
		return nil, fmt.Errorf("sslmode: unknown value %q; want %s; see docs/warehouses.md", mode, strings.Join(sslModes, ", "))
	}
	values := map[string]string{
		"host":             target.setting("host"),
		"port":             cmp.Or(target.setting("port"), "5432"),
		"user":             target.setting("user"),
		"dbname":           target.setting("dbname", "database"),
		"sslmode":          target.setting("sslmode"),
		"application_name": cmp.Or(o.Application, target.setting("application_name")),
	}
	for _, file := range []string{"sslcert", "sslkey", "sslrootcert"} {
		values[file] = target.path(file)
	}
	var dsn strings.Builder
	for key, value := range values {
		if value != "" {
			fmt.Fprintf(&dsn, "%s='%s' ", key, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value))
		}
	}
	config, err := pgx.ParseConfig(dsn.String())
	if err != nil {
		return nil, parseProblem(err)
	}
	if password := target.setting("password", "pass"); password != "" {
		config.Password = password
	}
	config.ConnectTimeout = timeout
	config.DialFunc = (&net.Dialer{Timeout: timeout, KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: idle}}).DialContext
	// A pooler that hands out connections by the transaction knows no prepared
	// statements of ours. pgx writes values into the query only where it knows how
	// the server reads them; a pooler restores both settings for every transaction.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.RuntimeParams["standard_conforming_strings"] = "on"
	return config, nil
}

// parseProblem leaves out the connection string.
func parseProblem(err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		return fmt.Errorf("%w; want the settings of a dbt-postgres profile; see docs/warehouses.md", cause)
	}
	return errors.New("host or port cannot be read; want the settings of a dbt-postgres profile; see docs/warehouses.md")
}

// explainConnect keeps what went wrong at each address, and drops the
// configuration that pgx's own error carries.
func explainConnect(err *pgconn.ConnectError) error {
	where := net.JoinHostPort(err.Config.Host, strconv.Itoa(int(err.Config.Port)))
	if strings.HasPrefix(err.Config.Host, "/") {
		where = err.Config.Host
	}
	var causes []string // a line for each attempt, with TLS and without
	for line := range strings.Lines(errors.Unwrap(err).Error()) {
		if cause := strings.Join(strings.Fields(line), " "); !slices.Contains(causes, cause) {
			causes = append(causes, cause)
		}
	}
	cause := redactor(err.Config.Password)(strings.Join(causes, "; "))
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
		return "; want the host that the certificate names, or sslmode: verify-ca; see docs/warehouses.md"
	case errors.As(err, &unknown), errors.As(err, &invalid):
		return "; want sslrootcert: the file of the authority that signed the server's certificate; see docs/warehouses.md"
	default:
		return ""
	}
}

// Messages of https://github.com/postgres/postgres/blob/REL_17_STABLE/src/backend/libpq/auth.c;
// all have the same few codes.
func refusalAdvice(refused *pgconn.PgError, password string) string {
	switch {
	case !strings.HasPrefix(refused.Code, invalidAuthorization):
		return ""
	case strings.Contains(refused.Message, "no encryption"):
		return "; want sslmode: require, verify-ca or verify-full; see docs/warehouses.md"
	case strings.Contains(refused.Message, "client certificate"):
		return "; want sslcert and sslkey: the files of a certificate that the server knows; see docs/warehouses.md"
	case isIAMToken(password):
		return iamAdvice
	default:
		return ""
	}
}

// fold does to the profile's role what "set role x" does to a bare name, as dbt
// writes it: it folds it to lower case unless it is quoted.
func fold(name string) string {
	if len(name) >= 2 && strings.HasPrefix(name, `"`) && strings.HasSuffix(name, `"`) {
		return strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
	}
	return strings.ToLower(name)
}

// redactor puts stars in place of secrets; an empty one is none.
func redactor(secrets ...string) func(string) string {
	var pairs []string
	for _, secret := range secrets {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// path is a file that a setting names, "" where there is none. libpq knows one
// authority that is no file.
func (t Target) path(name string) string {
	file := t.setting(name)
	if file == "" || filepath.IsAbs(file) || (name == "sslrootcert" && file == "system") {
		return file
	}
	return filepath.Join(t.Dir, file)
}

func (t Target) seconds(name string, otherwise int) (time.Duration, error) {
	s := cmp.Or(t.setting(name), strconv.Itoa(otherwise))
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %q is no number of seconds; want a whole number; see docs/warehouses.md", name, s)
	}
	return time.Duration(n) * time.Second, nil
}
