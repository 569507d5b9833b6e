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

// refusal is a Python exception, usually one that DuckDB raised.
type refusal struct{ kind, text string }

// Error leaves out the excerpt of the statement that follows "LINE", because it may
// contain a secret.
func (r *refusal) Error() string {
	text, _, _ := strings.Cut(r.text, "\n\nLINE ")
	return strings.Join(strings.Fields(text), " ")
}

// redacted removes the secrets from an error that occurred while the database was opened.
// The statements that open it contain the secrets of the profile.
func (o opening) redacted(err error) error {
	var refused *refusal
	if !errors.As(err, &refused) {
		return err
	}
	long := make([]string, 0, len(o.secrets))
	for _, secret := range o.secrets {
		if len(secret) >= 6 { // a shorter text is a setting such as "UTC", not a secret
			long = append(long, secret)
		}
	}
	return &refusal{kind: refused.kind, text: connect.Redactor(long...)(refused.text)}
}

// lockedBy matches DuckDB's messages on Unix and on Windows about a file that another
// process has open.
var lockedBy = regexp.MustCompile(
	`(?s)(?:Could not set lock on file "([^"]+)"(?:.*held in (.+? \(PID \d+\)))?|` +
		`Cannot open file "([^"]+)".*used by another process)`)

func locked(err error) bool {
	var refused *refusal
	return errors.As(err, &refused) && lockedBy.MatchString(refused.text)
}

// failure classifies an error of DuckDB. A lock of another process is temporary: it ends
// when that process closes the file.
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
			"%s has %s open, and only one process can open a DuckDB file; end it, or close the file there; see "+
				docs.Warehouses,
			holder, found[1]+found[3])}
	case errors.As(err, &refused) && strings.Contains(refused.text, "read-only mode"):
		return connect.Failure{Err: refused, Denied: connect.Object}
	case errors.Is(err, context.DeadlineExceeded):
		return connect.Failure{Err: fmt.Errorf("DuckDB did not answer in time: %w", err)}
	default:
		return connect.Failure{Err: err, Unexplained: refused != nil}
	}
}
