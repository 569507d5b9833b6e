package warehouse

import (
	"context"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"time"

	driver "github.com/snowflakedb/gosnowflake"
)

// snowflakeConnector logs in, as often as the profile says.
type snowflakeConnector struct {
	config   driver.Config
	token    func(context.Context) (string, error) // in place of the profile's; nil without
	retries  int
	pause    func(try int) time.Duration
	retryAll bool // whatever the reason
	redact   func(string) string
}

// newSnowflakeConnector takes the settings by which dbt-snowflake tries again.
// Between tries it waits connect_timeout, which is no bound of a try to it.
func newSnowflakeConnector(o Options, config driver.Config) (*snowflakeConnector, error) {
	t := o.Target
	retries, errRetries := t.number("connect_retries", 1)
	pause, errPause := t.seconds("connect_timeout", 0)
	database, errDatabase := t.flag("retry_on_database_errors")
	all, errAll := t.flag("retry_all")
	if err := errors.Join(errRetries, errPause, errDatabase, errAll); err != nil {
		return nil, err
	}
	c := &snowflakeConnector{
		config:   config,
		retries:  retries,
		retryAll: database || all,
		pause:    func(int) time.Duration { return pause },
		redact:   redactor(config.Password, config.Token, config.ProxyPassword, t.setting("oauth_client_secret")),
	}
	if t.setting("connect_timeout") == "" {
		c.pause = func(try int) time.Duration { return time.Duration(try*try) * time.Second }
	}
	if config.Authenticator == driver.AuthTypeOAuth && t.setting("authenticator") != "jwt" {
		c.token = refreshing(t, config)
	}
	return c, nil
}

func (c *snowflakeConnector) Driver() sqldriver.Driver { return driver.SnowflakeDriver{} }

func (c *snowflakeConnector) Connect(ctx context.Context) (sqldriver.Conn, error) {
	for try := 1; ; try++ {
		conn, err := c.login(ctx)
		if err == nil {
			return snowflakeSession{conn.(snowflakeConn)}, nil
		}
		if try > c.retries || !c.worthAnother(err) || wait(ctx, c.pause(try)) != nil {
			return nil, explainLogin(c.config, c.redact, err)
		}
	}
}

func (c *snowflakeConnector) login(ctx context.Context) (sqldriver.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, loginPatience)
	defer cancel()
	config := c.config
	config.Params = maps.Clone(config.Params) // the driver adds what the server answers
	if c.token != nil {
		var err error
		if config.Token, err = c.token(ctx); err != nil {
			return nil, err
		}
	}
	return within(ctx, func() (sqldriver.Conn, error) {
		return driver.NewConnector(driver.SnowflakeDriver{}, config).Connect(ctx)
	})
}

// worthAnother is true of what Snowflake did not say itself: a network or a
// gateway that fails.
func (c *snowflakeConnector) worthAnother(err error) bool {
	var refused *driver.SnowflakeError
	return c.retryAll || !errors.As(err, &refused) || refused.Number == driver.ErrCodeServiceUnavailable
}

// snowflakeConn is what the driver's connections can do.
type snowflakeConn interface {
	sqldriver.Conn
	sqldriver.ConnBeginTx
	sqldriver.ExecerContext
	sqldriver.QueryerContext
	sqldriver.NamedValueChecker
}

// snowflakeSession is a connection that keeps to its context's deadline, which the
// driver does not: it tells Snowflake first, without any. Its statements carry a
// comment, at their end, for Snowflake drops one at the start.
type snowflakeSession struct{ snowflakeConn }

const (
	snowflakeComment = "\n/* dbt_tally */"
	goodbyePatience  = time.Second // for each of its two words
)

func (s snowflakeSession) ExecContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Result, error) {
	return within(ctx, func() (sqldriver.Result, error) {
		return s.snowflakeConn.ExecContext(ctx, query+snowflakeComment, args)
	})
}

func (s snowflakeSession) QueryContext(ctx context.Context, query string, args []sqldriver.NamedValue) (sqldriver.Rows, error) {
	return within(ctx, func() (sqldriver.Rows, error) {
		return s.snowflakeConn.QueryContext(ctx, query+snowflakeComment, args)
	})
}

// BeginTx keeps the context to itself: the driver rolls nothing back once it is done.
func (s snowflakeSession) BeginTx(ctx context.Context, options sqldriver.TxOptions) (sqldriver.Tx, error) {
	tx, err := within(ctx, func() (sqldriver.Tx, error) {
		return s.snowflakeConn.BeginTx(context.WithoutCancel(ctx), options)
	})
	return snowflakeTx{tx, ctx}, err
}

func (s snowflakeSession) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), goodbyePatience)
	defer cancel()
	_, err := within(ctx, func() (any, error) { return nil, s.snowflakeConn.Close() })
	return err
}

// snowflakeTx ends with its context, too.
type snowflakeTx struct {
	sqldriver.Tx
	ctx context.Context
}

func (t snowflakeTx) Commit() error {
	_, err := within(t.ctx, func() (any, error) { return nil, t.Tx.Commit() })
	return err
}

// Rollback gives the connection up where it can't be told: the next transaction
// would find itself inside this one.
func (t snowflakeTx) Rollback() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), goodbyePatience)
	defer cancel()
	if _, err := within(ctx, func() (any, error) { return nil, t.Tx.Rollback() }); err != nil {
		return sqldriver.ErrBadConn
	}
	return nil
}

// within leaves a call alone once the context is done. The driver panics where an
// answer makes no sense to it, which must not end dbt's run.
func within[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answered := make(chan answer, 1)
	go func() {
		defer func() {
			if problem := recover(); problem != nil {
				answered <- answer{err: fmt.Errorf("the driver cannot make sense of an answer: %v", problem)}
			}
		}()
		value, err := call()
		answered <- answer{value, err}
	}()
	select {
	case a := <-answered:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
