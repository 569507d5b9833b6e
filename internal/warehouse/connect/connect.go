// Package connect owns what the connectors to the warehouses share: the settings of a
// profile, the result of a connector, and the classification of errors. Each package
// below it converts settings to a *sql.DB and is the only importer of its driver. The
// statements are left to package warehouse.
package connect

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// ErrOnlyDBT means that only dbt can use this profile; no connector can.
var ErrOnlyDBT = errors.New("only dbt can connect")

// LockWait limits how long one of our statements waits for a lock. While an alter table
// waits for a long transaction, the inserts of all hooks wait for the alter table.
const LockWait = 5 * time.Second

// Options configure a connection.
type Options struct {
	Settings    Settings
	Renew       func() Settings // called for the password at every login; nil: the password is in Settings
	Application string          // the name of the connection in the warehouse's list of sessions
	Unattended  bool            // no person can use a browser or confirm a second factor

	// Python is the interpreter that runs dbt, with its flags, or nil if it is unknown.
	// Environ is dbt's environment.
	Python, Environ []string
}

// Now returns the current settings, with a new password if Renew is set.
func (o Options) Now() Settings {
	if o.Renew == nil {
		return o.Settings
	}
	return o.Renew()
}

// Database is a connection pool. The caller closes DB.
type Database struct {
	DB   *sql.DB // no connection is open yet
	User string  // the login; "" if the settings do not contain it
	Name string  // the database; "" if the settings name none

	// Exclusive means that no other process can use the database while a connection is
	// open.
	Exclusive bool

	// Batch sends statements as one message and returns the rows of those that return any,
	// with every value as text. After an error it returns the rows of the statements before
	// it, and the caller must roll back an open transaction. Batch is nil if the driver
	// does not support it.
	Batch func(context.Context, *sql.Conn, []Statement) ([][][]*string, error)

	// Failure classifies an error of DB.
	Failure func(error) Failure
}

// Statement is one statement of a batch.
type Statement struct {
	SQL  string
	Args []any
	Rows bool // it returns rows that the caller needs
}

// Texts reads all rows as texts, nil for null.
func Texts(rows *sql.Rows) (all [][]*string, err error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		values, into := make([]*string, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, values)
	}
	return all, rows.Err()
}

// Failure is a driver's error in a form that does not depend on the driver.
type Failure struct {
	Err    error  // the problem and, if known, the fix; contains no secret
	Denied Denied // the object on which a right is missing
	// Raced means that another job did the same at the same time, so that a retry may
	// succeed.
	Raced bool
	// Passes means that the cause is temporary: the connection was lost, the server fails
	// over, or two transactions were in conflict.
	Passes bool
	// Locked means that other sessions held a lock for too long. Passes is set as well.
	Locked bool
	// Unexplained means that the server refused the statement, and that Err has nothing
	// but its words.
	Unexplained bool
}

// Denied is the object on which a right is missing.
type Denied int

// The objects on which a right can be missing.
const (
	Nothing Denied = iota // none: the error has another cause
	Object                // the object of the statement
	Schema                // its schema
	Role                  // the role that the profile names
)
