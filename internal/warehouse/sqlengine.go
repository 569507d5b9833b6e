package warehouse

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// sqlEngine reaches a warehouse through a driver for database/sql.
type sqlEngine struct {
	db       *link
	dialect  dialect
	table    Table // the audit table
	access   Access
	sought   HistoryQuery  // as in Options
	prepared *tables       // nil before prepare
	ahead    *earlyReading // of the history that is sought; nil if it was not begun
	capture  string        // as in profileType
	// listed are the lists of columns that are known to be stored, by their hashes.
	listed map[string]string
}

// openSQL wraps a database that a connector has opened.
func openSQL(o Options, kind profileType, db connect.Database) (engine, error) {
	e := &sqlEngine{
		dialect: kind.dialect(o.Target, db), access: o.Access, sought: o.History, capture: kind.capture,
		listed: map[string]string{},
	}
	e.db = &link{db: db, dialect: e.dialect, lockWait: cmp.Or(o.LockWait, lockWait)}
	exact := e.dialect.exact
	e.table = Table{Database: exact(o.Table.Database), Schema: exact(o.Table.Schema), Name: exact(o.Table.Name)}
	if err := e.dialect.accepts(e.table, o.Access); err != nil {
		return nil, errors.Join(fmt.Errorf("audit-table: %w", err), e.close())
	}
	return e, nil
}

func (e *sqlEngine) close() error {
	e.ahead.stop()
	return e.db.close()
}

// tables are the tables of ours that are in one schema. One that does not exist has no
// columns.
type tables struct {
	schema, history           bool // they exist; the schema is known only with Write
	audit, runs, nodes, lists found
}

// beside returns the tables that belong to the audit table, each of which needs the ones
// before it, with the consequences of their absence.
func (t *tables) beside() []companion {
	return []companion{{&t.runs, noRunTable}, {&t.nodes, noFingerprints}, {&t.lists, noColumns}}
}

type companion struct {
	*found
	problem func(Table, error) string
}

// look finds the tables. It returns ErrNoTable if there is no audit table; the names of
// the tables that belong to it are then those that they would have.
func (e *sqlEngine) look(ctx context.Context, audit Table) (tables, error) {
	columns, schema := e.askTables(audit)
	e.db.ask(ctx, &columns, &schema)
	return e.tablesOf(ctx, audit, columns, schema)
}

// askTables asks for the columns of the tables, and for the schema if it may be created.
func (e *sqlEngine) askTables(audit Table) (columns, schema question) {
	names := []string{audit.Name}
	if audit.Schema != "" { // else only the audit table shows which schema it is
		t := expected(audit)
		for _, other := range t.beside() {
			names = append(names, other.table.Name)
		}
		names = append(names, historyView(audit).Name)
	}
	columns = question{step: looking, table: audit, query: e.dialect.tableColumns(audit, names)}
	schema = question{step: looking, table: audit}
	if e.access == Write && audit.Schema != "" {
		schema.query = e.dialect.selectSchema(audit)
	}
	return columns, schema
}

// tablesOf returns the tables, as look does, from the answers to these questions.
func (e *sqlEngine) tablesOf(ctx context.Context, audit Table, columns, schema question) (tables, error) {
	t := expected(audit)
	if err := cmp.Or(columns.err, schema.err); err != nil {
		return t, err
	}
	t.schema = len(schema.rows) > 0
	history := found{table: historyView(audit)}
	history.fill(columns.rows)
	t.history = history.there()
	t.audit.fill(columns.rows)
	if t.audit.there() && audit.Schema == "" {
		return e.look(ctx, t.audit.table)
	}
	// The others may exist without the audit table, for example if it was dropped.
	for _, other := range t.beside() {
		if other.fill(columns.rows); other.there() {
			other.addressed(e.dialect)
		}
	}
	if !t.audit.there() {
		return t, ErrNoTable
	}
	t.audit.addressed(e.dialect)
	return t, nil
}

// expected returns the tables as if none existed.
func expected(audit Table) tables {
	return tables{
		audit: found{table: audit, layout: auditLayout}, runs: found{table: runTable(audit), layout: runLayout},
		nodes: found{table: nodeTable(audit), layout: nodeLayout},
		lists: found{table: columnsTable(audit), layout: columnsLayout},
	}
}

// fill takes the columns of the table out of the catalog's rows.
func (f *found) fill(rows [][]*string) {
	name := f.table.Name
	for _, row := range rows {
		if isNamed(deref(row[1]), name) {
			f.table.Schema, f.table.Name = deref(row[0]), deref(row[1])
			f.columns = append(f.columns, column{Name: deref(row[2]), Type: deref(row[3])})
		}
	}
}

// isNamed reports whether the catalog has a name in this form. PostgreSQL truncates long
// names; accepts has refused those that would then be ambiguous.
func isNamed(there, name string) bool {
	truncated := len(there) > nameLimit-utf8.UTFMax && strings.HasPrefix(name, there)
	return truncated || strings.EqualFold(there, name)
}

// addressed fills in what depends on the name in the catalog.
func (f *found) addressed(d dialect) {
	f.relation = d.relation(f.table)
	f.widen = d.widenCount(f.relation)
}

// question is a query and its answer.
type question struct {
	step  step
	table Table
	query query

	rows [][]*string // nil for null
	err  error
}

// ask answers questions in as few round trips as the warehouse allows. A question that
// fails does not affect the others. One without a query is not asked.
func (l *link) ask(ctx context.Context, questions ...*question) {
	left := slices.DeleteFunc(questions, func(q *question) bool { return !q.asks() })
	if l.db.Batch == nil && !l.db.Exclusive && len(left) > 1 {
		err := l.askUnited(ctx, left)
		if err == nil {
			return
		}
		if !l.reached { // each further attempt would be another login
			for _, q := range left {
				q.err = err
			}
			return
		}
	}
	for len(left) > 0 {
		n := 1
		if l.db.Batch != nil {
			n = l.askTogether(ctx, left)
		} else {
			left[0].rows, left[0].err = l.query(ctx, left[0].step, left[0].table, left[0].query)
		}
		left = left[n:]
	}
}

// askTogether sends questions as one message, and returns how many of them are answered;
// the last of these may have failed.
func (l *link) askTogether(ctx context.Context, questions []*question) int {
	statements := make([]connect.Statement, len(questions))
	for i, q := range questions {
		statements[i] = q.statement()
	}
	answers, err := l.send(ctx, questions[0].step, questions[0].table, "commit", statements...)
	for i, rows := range answers {
		questions[i].rows = rows
	}
	if err == nil {
		return len(questions)
	}
	failed := min(len(answers), len(questions)-1)
	if failed > 0 { // the answers are kept, and the error has to name the right table
		return failed
	}
	questions[0].err = err
	return 1
}

// askUnited asks questions as one statement. A transaction would cost two more round
// trips.
func (l *link) askUnited(ctx context.Context, questions []*question) error {
	queries := make([]query, len(questions))
	for i, q := range questions {
		queries[i] = q.query
	}
	text, args := united(queries)
	var rows [][]*string
	err := l.patiently(ctx, questions[0].step, questions[0].table, func(conn *sql.Conn) (err error) {
		rows, err = textRows(ctx, conn, text, args)
		return err
	})
	if err != nil {
		return err
	}
	answers, err := divided(queries, rows)
	for i := range answers {
		questions[i].rows = answers[i]
	}
	return err
}
