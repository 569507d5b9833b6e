package warehouse

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"time"

	driver "github.com/snowflakedb/gosnowflake"
)

// snowflakeConnector logs in by what the profile has then, as often as it says.
type snowflakeConnector struct {
	options  Options
	retries  int
	pause    func(try int) time.Duration
	retryAll bool // whatever the reason
}

// newSnowflakeConnector takes the settings by which dbt-snowflake tries again.
// Between tries it waits connect_timeout, which is no bound of a try to it.
func newSnowflakeConnector(o Options) (*snowflakeConnector, error) {
	t := o.Target
	retries, errRetries := t.number("connect_retries", 1)
	pause, errPause := t.seconds("connect_timeout", 0)
	database, errDatabase := t.flag("retry_on_database_errors")
	all, errAll := t.flag("retry_all")
	if err := errors.Join(errRetries, errPause, errDatabase, errAll); err != nil {
		return nil, err
	}
	c := &snowflakeConnector{options: o, retries: retries, retryAll: database || all}
	c.pause = func(int) time.Duration { return pause }
	if t.setting("connect_timeout") == "" {
		c.pause = func(try int) time.Duration { return time.Duration(try*try) * time.Second }
	}
	return c, nil
}

func (c *snowflakeConnector) Driver() sqldriver.Driver { return driver.SnowflakeDriver{} }

func (c *snowflakeConnector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	for try := 1; ; try++ {
		conn, again, err := c.login(ctx)
		if err == nil {
			return snowflakeSession{conn.(snowflakeConn)}, nil
		}
		if try > c.retries || !again || wait(ctx, c.pause(try)) != nil {
			return nil, err
		}
	}
}

// login says with its error whether it is worth another try.
func (c *snowflakeConnector) login(ctx context.Context) (conn sqldriver.Conn, again bool, err error) {
	o := c.options
	if o.Renew != nil {
		o.Target = o.Renew()
	}
	config, err := snowflakeConfig(o)
	if err != nil {
		return nil, false, fmt.Errorf("snowflake connection: %w", err)
	}
	redact := redactor(config.Password, config.Token, config.ProxyPassword, o.Target.setting("oauth_client_secret"))
	patience := loginPatience
	if !o.Unattended {
		patience = personPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err = within(ctx, func() (sqldriver.Conn, error) {
		token, err := accessToken(ctx, o.Target, *config)
		if err != nil {
			return nil, err
		}
		asked := *config
		asked.Token = token
		return driver.NewConnector(driver.SnowflakeDriver{}, asked).Connect(ctx)
	})
	if err != nil {
		return nil, c.worthAnother(err), explainLogin(*config, redact, err)
	}
	return conn, false, nil
}

// worthAnother is true of what Snowflake did not say itself: a network or a
// gateway that fails.
func (c *snowflakeConnector) worthAnother(err error) bool {
	var refused *driver.SnowflakeError
	said := errors.Is(err, errRefresh) || errors.As(err, &refused) && refused.Number != driver.ErrCodeServiceUnavailable
	return c.retryAll || !said
}

func wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
