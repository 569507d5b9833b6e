package job

import "github.com/dbt-tally/dbt-tally/internal/profile"

// Connection is the chosen output of the profile as dbt will resolve it.
type Connection struct {
	profile.Connection
	Err error // why the profile could not be read; dbt will report its own reason

	read func() (profile.Connection, error)
}

// Connect resolves the connection. With dotEnv it reads .env first, as dbt-core does
// since 1.12.
func (j Job) Connect(dotEnv bool) Connection {
	options := j.profile
	options.DotEnv = dotEnv
	c := Connection{read: func() (profile.Connection, error) {
		connection, err := profile.Resolve(options, j.Project)
		j.Secrets.Keep(connection.Secrets...)
		return connection, err
	}}
	c.Connection, c.Err = c.read()
	return c
}

// Renewed reads the settings of the profile again, because a password that is a token may
// have been replaced since dbt started. If the profile can no longer be read, it returns
// the earlier settings.
func (c Connection) Renewed() map[string]any {
	if renewed, err := c.read(); err == nil {
		return renewed.Settings
	}
	return c.Settings
}
