// Package snowflake connects to Snowflake with the settings of dbt-snowflake: all login
// methods, tokens, key files, retries and enforced deadlines. It is the only importer of
// gosnowflake.
package snowflake

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	driver "github.com/snowflakedb/gosnowflake"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// The limits of a whole login. The longer one applies if a person may have to use a
// browser or a phone.
const (
	loginPatience  = time.Minute
	personPatience = 3 * time.Minute
)

// defaults are driver settings that no profile has, as a DSN, which is the only way to
// set them that the driver does not deprecate. In seconds: the limits for the driver's
// own retries of a login, for its retries of other requests, and for one answer, which
// arrives after 45 s at the latest, if only to report that the query still runs.
// Credentials are not cached in the user's home directory.
const defaults = "user:password@account?loginTimeout=10&requestTimeout=60&clientTimeout=90" +
	"&disableTelemetry=true&clientRequestMfaToken=false&clientStoreTemporaryCredential=false"

// queryTag is the query tag of our session, whatever the profile's tag is, so that a bill
// separates the cost of dbt-tally from that of dbt.
const queryTag = "dbt-tally"

// Open reads the settings of dbt-snowflake. It does not connect yet.
func Open(_ context.Context, o connect.Options) (connect.Database, error) {
	_, errConfig := configure(o)
	connector, errConnector := newConnector(o)
	if err := errors.Join(errConfig, errConnector); err != nil {
		return connect.Database{}, fmt.Errorf("snowflake connection: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return connect.Database{
		DB: db, User: o.Settings.Text("user"), Name: o.Settings.Text("database"), Failure: failure,
	}, nil
}

// Quiet stops the driver from writing to standard error and to the user's home directory,
// and from querying the metadata services of three clouds to find out where it runs.
// These settings apply to the whole process, so the program calls Quiet once, before it
// opens anything. The driver may create files in the directory scratch.
func Quiet(setenv func(key, value string) error, scratch string) error {
	driver.GetLogger().SetOutput(io.Discard)
	return errors.Join(
		setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true"),
		setenv("SF_OCSP_RESPONSE_CACHE_DIR", scratch),
	)
}

// configure returns all settings of the driver, except a token that must be requested
// first.
func configure(o connect.Options) (*driver.Config, error) {
	s := o.Settings
	account, host := addressOf(s.Text("account"))
	port, errPort := s.Number("port", 443)
	proxyPort, errProxy := s.Number("proxy_port", 0)
	insecure, errInsecure := s.Flag("insecure_mode")
	if err := errors.Join(errPort, errProxy, errInsecure); err != nil {
		return nil, err
	}
	if account == "" {
		return nil, errors.New("account: none in the profile; " +
			"set it as in a dbt-snowflake profile; see " + docs.Warehouses)
	}
	config, err := driver.ParseDSN(defaults)
	if err != nil {
		return nil, err
	}
	tag, lockTimeout := queryTag, strconv.Itoa(int(connect.LockWait.Seconds()))
	config.Account = account
	config.Host, config.Port = cmp.Or(s.Text("host"), host), port
	config.Protocol = cmp.Or(s.Text("protocol"), "https")
	config.User, config.Password, config.Token = s.Text("user"), s.Text("password"), s.Text("token")
	config.Role, config.Warehouse = s.Text("role"), s.Text("warehouse")
	config.Database, config.Schema = s.Text("database"), s.Text("schema")
	config.ProxyHost, config.ProxyPort = s.Text("proxy_host"), proxyPort
	config.ProxyUser, config.ProxyPassword = s.Text("proxy_user"), s.Text("proxy_password")
	config.DisableOCSPChecks = insecure
	config.ValidateDefaultParameters = driver.ConfigBoolFalse // dbt may be about to create the schema
	config.Params = map[string]*string{"QUERY_TAG": &tag, "LOCK_TIMEOUT": &lockTimeout}
	config.Application = strings.ReplaceAll(o.Application, "/", "-") // besides letters only ".-_" are allowed
	return config, authenticate(config, o)
}

// addressOf returns the account name and the host for the account in a profile, which may
// include a region and "_" instead of "-", as dbt accepts it.
func addressOf(setting string) (account, host string) {
	setting = strings.ReplaceAll(setting, "_", "-")
	account, region, _ := strings.Cut(setting, ".")
	switch {
	case region == "" || region == "us-west-2":
		return account, account + ".snowflakecomputing.com"
	case strings.HasPrefix(region, "cn-"):
		return account, setting + ".snowflakecomputing.cn"
	default:
		return account, setting + ".snowflakecomputing.com"
	}
}
