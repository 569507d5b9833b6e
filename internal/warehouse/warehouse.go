// Package warehouse owns the audit table and the run table in the user's warehouse: it
// creates and migrates them, tests that the hooks can write, records runs, reads rows and
// earlier runs, and deletes old rows. It leaves connecting to the connectors below it,
// the hooks to package dbt, and the interpretation of rows to package tally.
package warehouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// Table names the audit table. An empty Database is that of the connection. An empty
// Schema is that of the target or, with Read, any schema in which the session finds an
// unqualified, unquoted name, which is how the tutorial's hooks write it.
type Table struct {
	Database, Schema, Name string
}

// String returns the name as a message shows it.
func (t Table) String() string {
	parts := slices.DeleteFunc([]string{t.Database, t.Schema, t.Name}, func(s string) bool { return s == "" })
	return strings.Join(parts, ".")
}

// Access is the permitted use of the audit table.
type Access int

// Write is for injected hooks: the tables are created and migrated, and an insert is
// tested. Read is for a project whose own hooks write: no table is created or altered,
// and a run is recorded only if a run table already exists.
const (
	Write Access = iota
	Read
)

// Operator runs one of our macros through dbt, with more environment variables ("name=value"),
// and returns the JSON payloads that it logged. With an error it returns the payloads logged
// before the failure.
type Operator interface {
	RunOperation(ctx context.Context, macro string, args map[string]any, environment ...string) ([][]byte, error)
}

// Options select the audit table, its warehouse and the permitted use.
type Options struct {
	Target      Target
	Renew       func() Target // called for the password at every login; nil: the password is in Target
	Table       Table
	Access      Access
	Operator    Operator      // for the targets for which this program has no driver
	Application string        // the name of the connection in the warehouse's list of sessions
	Unattended  bool          // no person can use a browser or confirm a second factor
	LockWait    time.Duration // how long Prepare waits for a locked table; 0: 30 s

	// History is what Collect will be asked for. Prepare looks whether it exists if the user
	// named it. It may be read while dbt runs.
	History HistoryQuery

	// Python is the interpreter that runs dbt, with its flags, or nil if it is unknown.
	// Environ is dbt's environment.
	Python, Environ []string
}

// Prepared is what the hooks and the report need to know about the audit table.
type Prepared struct {
	Relation string   // quoted for SQL
	Guard    string   // the code around an insert, which replaces "{}"; "": none
	Columns  []string // all columns of the table, in lower case
	// Uncaptured means that the warehouse lacks what the hooks need to find out what a
	// model wrote.
	Uncaptured bool
	Problems   []string // limitations, one sentence each
	// NotFound means that the run or the branch of Options.History does not exist, although
	// others are recorded.
	NotFound error
}

// Store is the audit table of one run. Its calls must not overlap. They end when their
// context does.
type Store struct {
	table  Table
	access Access
	engine engine
}

// engine is a way to reach a warehouse.
type engine interface {
	// prepare looks the table up and, with Write, creates it, adds missing columns and
	// tests an insert. It leaves a table that is not usable alone and returns it as it
	// is. It returns ErrNoTable if there is no table.
	prepare(ctx context.Context) (readiness, error)
	// collect returns an error if it cannot read the audit rows, and a problem for
	// everything else.
	collect(ctx context.Context, f CollectRequest) (answer, error)
	// history returns the runs and their audit rows, as texts.
	history(ctx context.Context, q TrendQuery) (answer, error)
	// prune deletes, or only counts, rows of the audit table and of the run table.
	prune(ctx context.Context, p pruning) (audit, run int64, err error)
	close() error
}

// readiness is the result of preparing.
type readiness struct {
	audit    found
	problems []string
	notFound error // as in Prepared
}

// connection returns the options of a connector.
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
	return strings.Join([]string{operations, nodes, statements}, "\n")
}

// Prepare prepares the audit table for the hooks or, with Read, checks that it can be
// read. Several jobs may call it at once, and it may be repeated. The error is ErrNoTable
// if there is nothing to read.
func (s *Store) Prepare(ctx context.Context) (Prepared, error) {
	ready, err := s.engine.prepare(ctx)
	audit := ready.audit
	if err == nil {
		err = audit.usable()
	}
	if err != nil {
		return Prepared{}, fmt.Errorf("audit table %s: %w", s.table, err)
	}
	if problem := audit.narrowCount(); problem != "" {
		ready.problems = append(ready.problems, problem)
	}
	return Prepared{
		Relation: audit.relation, Guard: audit.guard, Columns: audit.names(), Problems: ready.problems,
		Uncaptured: audit.uncaptured || s.Operations() != "", // through dbt, that is not tested
		NotFound:   ready.notFound,
	}, nil
}

// TrendQuery selects the runs and the nodes whose counts to read.
type TrendQuery struct {
	Branch, Target string   // "": any
	ExcludeEvents  []string // events whose runs are left out
	Since, Before  time.Time
	// Names are parts of node IDs or of relations; none: every node. More nodes may be
	// read than these, and of every node only the rows after the run are.
	Names []string
}

// Trend contains the warehouse's answers to a TrendQuery.
type Trend struct {
	Relation string // the audit table, quoted for SQL
	History  tally.History
	Newest   []tally.Run // the newest runs of all, if none was found
}

// History reads the counts of recorded runs, whatever their outcome. Of more than 90 runs
// it reads 90: the newest ones if there are names, and otherwise some of the whole period.
// Without a run table the rows themselves show which runs there are. The error is
// ErrNoTable if there is no audit table.
func (s *Store) History(ctx context.Context, q TrendQuery) (Trend, error) {
	a, err := s.engine.history(ctx, q)
	var trend Trend
	if err == nil {
		trend = Trend{Relation: a.relation}
		trend.History, err = a.earlier.history()
	}
	if err == nil {
		trend.Newest, err = parseRuns(a.earlier.newest)
	}
	if err != nil {
		return Trend{}, fmt.Errorf("read the history from %s: %w", s.table, err)
	}
	return trend, nil
}

// Close closes the connection. The caller of Open must call it, and may call it more than
// once.
func (s *Store) Close() error { return s.engine.close() }

// ErrNoTable means that the audit table does not exist. If the project's own hooks create
// it, this is normal before the first run.
var ErrNoTable = errors.New("there is no such table")

// ErrNoSchema means that the audit table's schema does not exist and cannot be
// created.
var ErrNoSchema = errors.New("the schema cannot be created")
