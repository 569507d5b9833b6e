package warehouse

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	driver "github.com/snowflakedb/gosnowflake"
)

// A login as a whole is bounded, more generously where a person may have to answer
// a browser or a telephone.
const (
	loginPatience  = time.Minute
	personPatience = 3 * time.Minute
)

// snowflakeDefaults are what no profile says, the only way that the driver does not
// deprecate to say it: in seconds, the pauses between its own tries of a login, those
// between the tries of any other request, and the wait for an answer, which comes
// after 45 s at the latest, if only to say that the query goes on. What a login
// leaves behind is not ours to keep in somebody's home.
const snowflakeDefaults = "user:password@account?loginTimeout=10&requestTimeout=60&clientTimeout=90" +
	"&disableTelemetry=true&clientRequestMfaToken=false&clientStoreTemporaryCredential=false"

// snowflakeTag is the query tag of our session, whatever the profile's own is: by
// it the bill says what dbt-tally costs, and by dbt's what dbt does.
const snowflakeTag = "dbt-tally"

// openSnowflakeDB takes the settings of dbt-snowflake. It does not connect yet.
func openSnowflakeDB(o Options) (*sql.DB, error) {
	_, errConfig := snowflakeConfig(o)
	connector, errConnector := newSnowflakeConnector(o)
	if err := errors.Join(errConfig, errConnector, silenceSnowflake(o.ScratchDir)); err != nil {
		return nil, fmt.Errorf("snowflake connection: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, nil
}

// silenceSnowflake keeps the driver from writing to our log and to the user's
// home, and from asking the metadata services of three clouds where it runs. It
// has no other way to be told.
func silenceSnowflake(scratch string) error {
	driver.GetLogger().SetOutput(io.Discard)
	return errors.Join(
		os.Setenv("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true"),
		os.Setenv("SF_OCSP_RESPONSE_CACHE_DIR", cmp.Or(scratch, os.TempDir())),
	)
}

// snowflakeConfig is all that the driver is told, but for a token that is yet to
// be fetched.
func snowflakeConfig(o Options) (*driver.Config, error) {
	t := o.Target
	account, host := snowflakeAddress(t.setting("account"))
	port, errPort := t.number("port", 443)
	proxyPort, errProxy := t.number("proxy_port", 0)
	insecure, errInsecure := t.flag("insecure_mode")
	if err := errors.Join(errPort, errProxy, errInsecure); err != nil {
		return nil, err
	}
	if account == "" {
		return nil, errors.New("account: none in the profile; want the settings of a dbt-snowflake profile; see docs/warehouses.md")
	}
	config, err := driver.ParseDSN(snowflakeDefaults)
	if err != nil {
		return nil, err
	}
	tag, lockTimeout := snowflakeTag, strconv.Itoa(lockSeconds)
	config.Account = account
	config.Host, config.Port, config.Protocol = cmp.Or(t.setting("host"), host), port, cmp.Or(t.setting("protocol"), "https")
	config.User, config.Password, config.Token = t.setting("user"), t.setting("password"), t.setting("token")
	config.Role, config.Warehouse = t.setting("role"), t.setting("warehouse")
	config.Database, config.Schema = t.setting("database"), t.setting("schema")
	config.ProxyHost, config.ProxyPort = t.setting("proxy_host"), proxyPort
	config.ProxyUser, config.ProxyPassword = t.setting("proxy_user"), t.setting("proxy_password")
	config.DisableOCSPChecks = insecure
	config.ValidateDefaultParameters = driver.ConfigBoolFalse // dbt may be about to make the schema
	config.Params = map[string]*string{"QUERY_TAG": &tag, "LOCK_TIMEOUT": &lockTimeout}
	config.Application = strings.ReplaceAll(o.Application, "/", "-") // Snowflake allows no other signs than ".-_"
	return config, snowflakeLogin(o, config)
}

// snowflakeAddress returns the account's own name and the host of an account as a
// profile may name it: with its region, and with "_" for "-", as dbt takes it.
func snowflakeAddress(setting string) (account, host string) {
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

// number is a setting that is a whole number.
func (t Target) number(name string, otherwise int) (int, error) {
	s := cmp.Or(t.setting(name), strconv.Itoa(otherwise))
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %q is no number; want a whole number; see docs/warehouses.md", name, s)
	}
	return n, nil
}
