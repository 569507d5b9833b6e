// Package warehouse owns the audit table and the run table in the user's
// warehouse: it creates and migrates them, proves that the hooks can write,
// records runs, reads rows and earlier runs back, and deletes what is old. It leaves
// connecting to the connectors below it, what the hooks write to package dbt, and
// what the rows mean to package tally.
package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Table names the audit table. An empty Database is the connection's own. An
// empty Schema is the target's or, with Read, leaves the table to be found as the
// session finds an unqualified, unquoted name, which is how the tutorial's hooks
// write it.
type Table struct {
	Database, Schema, Name string
}

// String is the name as a message shows it.
func (t Table) String() string {
	parts := slices.DeleteFunc([]string{t.Database, t.Schema, t.Name}, func(s string) bool { return s == "" })
	return strings.Join(parts, ".")
}

// Access says what may be done to the audit table.
type Access int

// Write is for injected hooks: the tables are created, migrated and proven
// writable. Read is for a project whose own hooks write: no table is made or
// altered, and a run is recorded where there happens to be a run table.
const (
	Write Access = iota
	Read
)

// Operator runs one macro of ours through dbt and returns the JSON payloads that
// it logged. Payloads logged before a failure come along with the error.
type Operator interface {
	RunOperation(ctx context.Context, macro string, args map[string]any) ([][]byte, error)
}

// Options say which audit table, where, and what may be done to it.
type Options struct {
	Target      Target
	Renew       func() Target // asked for the password at every login; nil: it is Target's
	Table       Table
	Access      Access
	Operator    Operator // for the targets that have no driver in this program
	Application string   // how the connection calls itself in the warehouse's own lists
	Unattended  bool     // no person can answer a browser or a phone

	// Python is the interpreter that runs dbt, with its flags, nil if it is not known;
	// Environ is dbt's environment.
	Python, Environ []string
}

// Prepared is what the hooks and the report have to know of the audit table.
type Prepared struct {
	Relation string   // as SQL must write it, quoted
	Guard    string   // what the hooks write around an insert, which "{}" stands for; "" for nothing
	Columns  []string // all the table has, in lower case
	Problems []string // what works, but not as well as it could; a sentence each
}

// Store is the audit table of one run. Its calls must not overlap; they end when
// their context does.
type Store struct {
	table  Table
	access Access
	engine engine
}

// engine is how a warehouse is reached.
type engine interface {
	// prepare looks the table up and, where it may write, makes it, adds what it
	// lacks and proves an insert. A table that is not usable is left alone and
	// returned as it is; one that is not there gives ErrNoTable.
	prepare(ctx context.Context) (found, []string, error)
	// finish is about the audit rows where it gives an error, and about everything
	// else where it has problems.
	finish(ctx context.Context, f Finish) (answer, error)
	// prune deletes, or counts only, rows of the audit table and of the run table.
	prune(ctx context.Context, p pruning) (log, run int64, err error)
	close() error
}

// connection is what a connector has to know.
func (o Options) connection() connect.Options {
	c := connect.Options{
		Settings: o.Target.settings(), Application: o.Application, Unattended: o.Unattended,
		Python: o.Python, Environ: o.Environ,
	}
	if o.Renew != nil {
		c.Renew = func() connect.Settings { return o.Renew().settings() }
	}
	return c
}

// Open chooses the way to the warehouse and checks its settings. It connects only if
// nothing else shows whether there is another way than dbt.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Access == Write && o.Table.Schema == "" {
		o.Table.Schema = o.Target.Schema()
	}
	if o.Access == Write && o.Table.Schema == "" {
		return nil, errors.New("audit table: no schema is named; " +
			"set audit-table to schema.name, or schema in the profile; see " + docs.AuditTable)
	}
	if o.Target.forgets(o.Table) {
		return nil, errors.New("audit table: a DuckDB in memory is gone when dbt ends; " +
			"set path in the profile to a file, or audit-table to one of an attached database; see " + docs.Warehouses)
	}
	e, err := openEngine(ctx, o, profileTypes[o.Target.Type])
	if err != nil {
		return nil, err
	}
	return &Store{table: o.Table, access: o.Access, engine: e}, nil
}

func openEngine(ctx context.Context, o Options, kind profileType) (engine, error) {
	if kind.connect == nil {
		return openThroughDBT(o, kind)
	}
	db, err := kind.connect(ctx, o.connection())
	if errors.Is(err, connect.ErrOnlyDBT) {
		return openThroughDBT(o, kind)
	}
	if err != nil {
		return nil, err
	}
	return openSQL(o, kind, db)
}

// Operations returns the dbt macros that the project needs, because the warehouse is
// reached through dbt; "" if it is not.
func (s *Store) Operations() string {
	if _, through := s.engine.(*throughDBT); !through {
		return ""
	}
	return operations + "\n" + statements
}

// Prepare makes the audit table ready for the hooks, or with Read looks whether
// it can be read. It may be called by several jobs at once, and again. The error
// is ErrNoTable if there is nothing to read.
func (s *Store) Prepare(ctx context.Context) (Prepared, error) {
	found, problems, err := s.engine.prepare(ctx)
	if err == nil {
		err = found.usable()
	}
	if err != nil {
		return Prepared{}, fmt.Errorf("audit table %s: %w", s.table, err)
	}
	if problem := found.narrowCount(); problem != "" {
		problems = append(problems, problem)
	}
	return Prepared{Relation: found.relation, Guard: found.guard, Columns: found.names(), Problems: problems}, nil
}

// Close ends the connection. Whoever calls Open calls Close, once or more often.
func (s *Store) Close() error { return s.engine.close() }
