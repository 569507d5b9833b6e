package snowflake

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"time"

	driver "github.com/snowflakedb/gosnowflake"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// connector logs in with the profile's current credentials, and retries as configured
// there.
type connector struct {
	options  connect.Options
	retries  int
	pause    func(try int) time.Duration
	retryAll bool // retry after any error
}

// newConnector reads dbt-snowflake's settings for retries. dbt-snowflake uses
// connect_timeout as the pause between attempts, not as the limit of one.
func newConnector(o connect.Options) (*connector, error) {
	s := o.Settings
	retries, errRetries := s.Number("connect_retries", 1)
	pause, errPause := s.Seconds("connect_timeout", 0)
	database, errDatabase := s.Flag("retry_on_database_errors")
	all, errAll := s.Flag("retry_all")
	if err := errors.Join(errRetries, errPause, errDatabase, errAll); err != nil {
		return nil, err
	}
	c := &connector{options: o, retries: retries, retryAll: database || all}
	c.pause = func(int) time.Duration { return pause }
	if s.Text("connect_timeout") == "" {
		c.pause = func(try int) time.Duration { return time.Duration(try*try) * time.Second }
	}
	return c, nil
}

func (c *connector) Driver() sqldriver.Driver { return driver.SnowflakeDriver{} }

func (c *connector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	for try := 1; ; try++ {
		opened, again, err := c.login(ctx)
		if err == nil {
			return &session{conn: opened.(conn)}, nil
		}
		if try > c.retries || !again || wait(ctx, c.pause(try)) != nil {
			return nil, err
		}
	}
}

// login also reports whether another attempt may succeed.
func (c *connector) login(ctx context.Context) (opened sqldriver.Conn, again bool, err error) {
	o := c.options
	o.Settings = o.Now()
	config, err := configure(o)
	if err != nil {
		return nil, false, fmt.Errorf("snowflake connection: %w", err)
	}
	redact := connect.Redactor(
		config.Password, config.Token, config.ProxyPassword,
		o.Settings.Text("oauth_client_secret"))
	patience := loginPatience
	if !o.Unattended {
		patience = personPatience
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	opened, _, err = within(ctx, func() (sqldriver.Conn, error) {
		token, err := accessToken(ctx, o.Settings, *config)
		if err != nil {
			return nil, err
		}
		asked := *config
		asked.Token = token
		return driver.NewConnector(driver.SnowflakeDriver{}, asked).Connect(ctx)
	}, closeLate)
	if err != nil {
		return nil, c.worthAnother(err), explainLogin(*config, redact, err)
	}
	return opened, false, nil
}

// closeLate ends a session that was opened too late.
func closeLate(opened sqldriver.Conn) {
	if opened != nil {
		_ = opened.Close()
	}
}

// worthAnother reports whether the error did not come from Snowflake itself, but from a
// network or a gateway.
func (c *connector) worthAnother(err error) bool {
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
