// Package connect owns what the connectors to the warehouses share: the settings
// of a profile, what a connector returns, and what an error means in no driver's
// words. Each package below it turns settings into a *sql.DB and is the only
// importer of its driver. What is sent over the connection is left to package
// warehouse.
package connect

import (
	"database/sql"
	"errors"
	"time"
)

// ErrOnlyDBT means that a profile is for dbt alone: no connector can follow it.
var ErrOnlyDBT = errors.New("only dbt can connect")

// LockWait is how long a statement of ours waits for a lock. An alter table that
// waits behind a long transaction makes the insert of every hook wait behind it.
const LockWait = 5 * time.Second

// Options say how to connect.
type Options struct {
	Settings    Settings
	Renew       func() Settings // asked for the password at every login; nil: it is that of Settings
	Application string          // the name of the connection in the warehouse's own lists
	Unattended  bool            // no person can answer a browser or a phone

	// Python is the interpreter that runs dbt, with its flags, nil if it is not known;
	// Environ is dbt's environment.
	Python, Environ []string
}

// Now returns the settings as the profile has them at this moment.
func (o Options) Now() Settings {
	if o.Renew == nil {
		return o.Settings
	}
	return o.Renew()
}

// Database is a way to a warehouse. Whoever gets it closes DB.
type Database struct {
	DB   *sql.DB // has not connected yet
	User string  // who logs in, "" if the settings do not say it
	Name string  // the database that is connected to, "" if the settings name none

	// Exclusive means that no other process can use the database while a connection is
	// open.
	Exclusive bool

	// Failure says what an error of DB means.
	Failure func(error) Failure
}

// Failure is an error of a driver, in no driver's words.
type Failure struct {
	Err    error  // says what happened and, if it is known, what to do; holds no secret
	Denied Denied // whether a right is missing
	// Raced means that another job did the same at the same time, so that another
	// try is worth it.
	Raced bool
	// Passes means that the reason goes away by itself: the connection was lost, the
	// server hands over to another one, two transactions were in each other's way.
	Passes bool
}

// Denied says on what a right is missing.
type Denied int

// What a right can be missing on.
const (
	Nothing Denied = iota // the error has another reason
	Object                // whatever the statement was about
	Schema                // the schema of it
	Role                  // the role that the profile names
)
