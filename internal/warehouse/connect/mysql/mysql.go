// Package mysql connects to MySQL and MariaDB, including Aurora and RDS, with the
// settings of dbt-mysql: TLS, rotating passwords, timeouts. It is the only importer of
// go-sql-driver/mysql.
package mysql

import (
	"cmp"
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"fmt"
	"net"
	"strconv"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Open reads the settings of dbt-mysql, and those with which MySQL's connector for Python
// verifies a certificate. It does not connect yet.
func Open(_ context.Context, o connect.Options) (connect.Database, error) {
	config, err := configure(o.Settings)
	if err != nil {
		return connect.Database{}, fmt.Errorf("mysql connection: %w", err)
	}
	timeout, err := o.Settings.Seconds("connect_timeout", 10)
	if err != nil {
		return connect.Database{}, fmt.Errorf("mysql connection: %w", err)
	}
	db := sql.OpenDB(connector{config: config, timeout: timeout, now: o.Now})
	db.SetMaxOpenConns(1)
	return connect.Database{DB: db, User: config.User, Batch: batch, Failure: failures{config.Addr}.failure}, nil
}

// configure selects no database, as dbt-mysql does, because the schema may not exist yet.
func configure(s connect.Settings) (*driver.Config, error) {
	config := driver.NewConfig()
	config.User = s.Text("username", "user", "UID")
	config.Passwd = password(s)
	config.Logger = &driver.NopLogger{} // the same messages are returned as errors
	config.InterpolateParams = true     // some proxies do not support prepared statements
	config.MultiStatements = true       // a transaction is one message
	// The driver escapes a whole message by the mode that is set before it.
	config.Params = map[string]string{"sql_mode": "'STRICT_ALL_TABLES'"}
	host, port := s.Text("server", "host"), cmp.Or(s.Text("port"), "3306")
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return nil, fmt.Errorf("port: %q is not a port; expected a number; see "+docs.Warehouses, port)
	}
	if socket := s.Text("unix_socket"); host == "" && socket != "" {
		config.Net, config.Addr = "unix", socket
		return config, nil
	}
	config.Net, config.Addr = "tcp", net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port)
	return config, encrypt(config, s, host)
}

func password(s connect.Settings) string { return s.Text("password", "PWD") }

// connector uses the profile's current password, limits the time to open a connection,
// and marks errors of opening one.
type connector struct {
	config  *driver.Config
	timeout time.Duration
	now     func() connect.Settings
}

func (c connector) Driver() sqldriver.Driver { return driver.MySQLDriver{} }

func (c connector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	config := c.config.Clone()
	config.Passwd = password(c.now())
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
