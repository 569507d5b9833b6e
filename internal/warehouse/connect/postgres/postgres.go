// Package postgres connects to PostgreSQL, including Aurora and RDS, with the settings of
// dbt-postgres: TLS, rotating passwords, timeouts. It is the only importer of pgx.
package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

var sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}

// Open reads the settings of dbt-postgres. For settings that the profile lacks, it uses
// libpq's PG* variables and files, as dbt does. It does not connect yet.
func Open(_ context.Context, o connect.Options) (connect.Database, error) {
	config, err := configure(o.Settings, o.Application)
	if err != nil {
		return connect.Database{}, fmt.Errorf("postgres connection: %w", err)
	}
	renew := func(_ context.Context, config *pgx.ConnConfig) error {
		renewed, err := configure(o.Now(), o.Application)
		if err != nil {
			return fmt.Errorf("postgres connection: %w", err)
		}
		config.Password = renewed.Password
		return nil
	}
	// One connection for all statements, because an open one needs no new password.
	db := stdlib.OpenDB(*config, stdlib.OptionBeforeConnect(renew), stdlib.OptionShouldPing(never))
	db.SetMaxOpenConns(1)
	return connect.Database{DB: db, User: config.User, Name: config.Database, Batch: batch, Failure: failure}, nil
}

// never saves a round trip: a statement notices a lost connection as well as a ping does.
func never(context.Context, stdlib.ShouldPingParams) bool { return false }

// configure keeps the password out of the connection string, which pgx repeats in its
// errors.
func configure(s connect.Settings, application string) (*pgx.ConnConfig, error) {
	timeout, errTimeout := s.Seconds("connect_timeout", 10)
	idle, errIdle := s.Seconds("keepalives_idle", 0)
	if err := cmp.Or(errTimeout, errIdle); err != nil {
		return nil, err
	}
	if mode := s.Text("sslmode"); mode != "" && !slices.Contains(sslModes, mode) {
		return nil, fmt.Errorf("sslmode: unknown value %q; expected %s; see "+docs.Warehouses,
			mode, strings.Join(sslModes, ", "))
	}
	config, err := pgx.ParseConfig(connectionString(s, application))
	if err != nil {
		return nil, parseProblem(err)
	}
	if password := s.Text("password", "pass"); password != "" {
		config.Password = password
	}
	config.ConnectTimeout = timeout
	keepAlive := net.KeepAliveConfig{Enable: true, Idle: idle}
	config.DialFunc = (&net.Dialer{Timeout: timeout, KeepAliveConfig: keepAlive}).DialContext
	// A pooler that assigns a connection per transaction does not support our prepared
	// statements. pgx interpolates values into the query only if it knows how the server
	// parses them; a pooler restores both settings for every transaction.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.RuntimeParams["client_encoding"] = "UTF8"
	config.RuntimeParams["standard_conforming_strings"] = "on"
	return config, nil
}

func connectionString(s connect.Settings, application string) string {
	values := map[string]string{
		"host":             s.Text("host"),
		"port":             cmp.Or(s.Text("port"), "5432"),
		"user":             s.Text("user"),
		"dbname":           s.Text("dbname", "database"),
		"sslmode":          s.Text("sslmode"),
		"application_name": cmp.Or(application, s.Text("application_name")),
		"sslcert":          s.Path("sslcert"),
		"sslkey":           s.Path("sslkey"),
		"sslrootcert":      s.Path("sslrootcert"),
	}
	if s.Text("sslrootcert") == "system" { // the only value that is not a file
		values["sslrootcert"] = "system"
	}
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	var all strings.Builder
	for key, value := range values {
		if value != "" {
			fmt.Fprintf(&all, "%s='%s' ", key, quoted.Replace(value))
		}
	}
	return all.String()
}

// parseProblem returns an error without the connection string.
func parseProblem(err error) error {
	const fix = "use the settings of a dbt-postgres profile; see " + docs.Warehouses
	if cause := errors.Unwrap(err); cause != nil {
		return fmt.Errorf("%w; %s", cause, fix)
	}
	return errors.New("host or port cannot be read; " + fix)
}
