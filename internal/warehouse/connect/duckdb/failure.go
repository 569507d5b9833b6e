package duckdb

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// refusal is an exception of Python's: almost always one of DuckDB's own.
type refusal struct{ kind, text string }

// Error leaves out the place in the statement, which may hold a secret.
func (r *refusal) Error() string {
	text, _, _ := strings.Cut(r.text, "\n\nLINE ")
	return strings.Join(strings.Fields(text), " ")
}

// redacted is an error of opening the database, whose statements hold secrets.
func (o opening) redacted(err error) error {
	var refused *refusal
	if !errors.As(err, &refused) {
		return err
	}
	long := make([]string, 0, len(o.secrets))
	for _, secret := range o.secrets {
		if len(secret) >= 6 { // a shorter one, such as "UTC", would spoil the message
			long = append(long, secret)
		}
	}
	return &refusal{kind: refused.kind, text: connect.Redactor(long...)(refused.text)}
}

// lockedBy finds the process that has the file open, as DuckDB says it on Unix and on
// Windows.
var lockedBy = regexp.MustCompile(
	`(?s)(?:Could not set lock on file "([^"]+)"(?:.*held in (.+? \(PID \d+\)))?|` +
		`Cannot open file "([^"]+)".*used by another process)`)

func locked(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && lockedBy.MatchString(refused.text)
}

// failure says what an error of the driver means. A lock that another process holds
// passes: DuckDB has the file for as long as it is open.
func failure(err error) connect.Failure {
	var refused *refusal
	switch {
	case locked(err):
		errors.As(err, &refused)
		found := lockedBy.FindStringSubmatch(refused.text)
		holder := "another process"
		if found[2] != "" {
			holder = "another process, " + found[2] + ","
		}
		return connect.Failure{Passes: true, Err: fmt.Errorf(
			"%s has %s open, and DuckDB lets one process write; end it, or close the file in it; see "+docs.Warehouses,
			holder, found[1]+found[3])}
	case errors.As(err, &refused) && strings.Contains(refused.text, "read-only mode"):
		return connect.Failure{Err: refused, Denied: connect.Object}
	case errors.Is(err, context.DeadlineExceeded):
		return connect.Failure{Err: fmt.Errorf("DuckDB did not answer in time: %w", err)}
	default:
		return connect.Failure{Err: err}
	}
}
