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

// Bounds of what the driver waits for. Snowflake answers a request for a query
// after 45 s at the latest, if only to say that the query goes on.
const (
	loginPatience  = time.Minute
	retryPatience  = time.Minute // all pauses between the tries of one request
	answerPatience = 90 * time.Second
)

// snowflakeTag is the query tag of our session, whatever the profile's own is: by
// it the bill says what dbt-tally costs, and by dbt's what dbt does.
const snowflakeTag = "dbt-tally"

// openSnowflakeDB takes the settings of dbt-snowflake. It does not connect yet.
func openSnowflakeDB(o Options) (*sql.DB, error) {
	config, err := snowflakeConfig(o)
	if err != nil {
		return nil, fmt.Errorf("snowflake connection: %w", err)
	}
	connector, err := newSnowflakeConnector(o, config)
	if err != nil {
		return nil, fmt.Errorf("snowflake connection: %w", err)
	}
	if err := silenceSnowflake(o.ScratchDir); err != nil {
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
func snowflakeConfig(o Options) (driver.Config, error) {
	t := o.Target
	account, host := snowflakeAddress(t.setting("account"))
	port, errPort := t.number("port", 443)
	proxyPort, errProxy := t.number("proxy_port", 0)
	insecure, errInsecure := t.flag("insecure_mode")
	if err := errors.Join(errPort, errProxy, errInsecure); err != nil {
		return driver.Config{}, err
	}
	if account == "" {
		return driver.Config{}, errors.New("account: none in the profile; want the settings of a dbt-snowflake profile; see docs/warehouses.md")
	}
	tag, lockTimeout := snowflakeTag, strconv.Itoa(lockSeconds)
	config := driver.Config{
		Account: account,
		Host:    cmp.Or(t.setting("host"), host), Port: port, Protocol: cmp.Or(t.setting("protocol"), "https"),
		User: t.setting("user"), Password: t.setting("password"), Token: t.setting("token"),
		Role: t.setting("role"), Warehouse: t.setting("warehouse"), Database: t.setting("database"), Schema: t.setting("schema"),
		ProxyHost: t.setting("proxy_host"), ProxyPort: proxyPort,
		ProxyUser: t.setting("proxy_user"), ProxyPassword: t.setting("proxy_password"),
		DisableOCSPChecks: insecure,
		// dbt may be about to make the schema.
		ValidateDefaultParameters: driver.ConfigBoolFalse,
		Params:                    map[string]*string{"QUERY_TAG": &tag, "LOCK_TIMEOUT": &lockTimeout},
		Application:               strings.ReplaceAll(o.Application, "/", "-"), // all that Snowflake allows besides letters and digits is ".-_"
		LoginTimeout:              loginPatience,
		RequestTimeout:            retryPatience,
		ClientTimeout:             answerPatience,
		DisableTelemetry:          true,
	}
	return config, snowflakeLogin(o, &config)
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
	case region == "global":
		account = account[:max(0, strings.LastIndex(account, "-"))]
	}
	return account, setting + ".snowflakecomputing.com"
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
