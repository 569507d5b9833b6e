// Package snowflake connects to Snowflake by the settings of dbt-snowflake: every way
// to log in, tokens, key files, retries, deadlines that hold. It is the only importer
// of gosnowflake.
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

// A login as a whole is bounded, more generously where a person may have to answer
// a browser or a telephone.
const (
	loginPatience  = time.Minute
	personPatience = 3 * time.Minute
)

// defaults are what no profile says, the only way that the driver does not
// deprecate to say it: in seconds, the pauses between its own tries of a login, those
// between the tries of any other request, and the wait for an answer, which comes
// after 45 s at the latest, if only to say that the query goes on. What a login
// leaves behind is not ours to keep in somebody's home.
const defaults = "user:password@account?loginTimeout=10&requestTimeout=60&clientTimeout=90" +
	"&disableTelemetry=true&clientRequestMfaToken=false&clientStoreTemporaryCredential=false"

// queryTag is the query tag of our session, whatever the profile's own is: by
// it the bill says what dbt-tally costs, and by dbt's what dbt does.
const queryTag = "dbt-tally"

// Open takes the settings of dbt-snowflake. It does not connect yet.
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

// Quiet keeps the driver from writing to standard error and to the user's home, and
// from asking the metadata services of three clouds which of them it runs in. The
// driver takes these settings for the process as a whole and in no other way, so the
// program calls this once, before it opens anything. The folder scratch is where the
// driver may leave files.
func Quiet(setenv func(key, value string) error, scratch string) error {
	driver.GetLogger().SetOutput(io.Discard)
	return errors.Join(
		setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true"),
		setenv("SF_OCSP_RESPONSE_CACHE_DIR", scratch),
	)
}

// configure returns all settings of the driver, except for a token that is yet to
// be fetched.
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
	config.ValidateDefaultParameters = driver.ConfigBoolFalse // dbt may be about to make the schema
	config.Params = map[string]*string{"QUERY_TAG": &tag, "LOCK_TIMEOUT": &lockTimeout}
	config.Application = strings.ReplaceAll(o.Application, "/", "-") // only ".-_" are allowed beside letters
	return config, authenticate(config, o)
}

// addressOf returns the account's own name and the host of an account as a
// profile may name it: with its region, and with "_" for "-", as dbt takes it.
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
