package warehouse

import (
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// proof is the run_id of the row that tests an insert. The row is rolled back.
const proof = "dbt-tally proof"

// step is the operation during which a statement was refused.
type step int

const (
	looking step = iota
	creatingSchema
	creatingTable
	creatingView
	addingColumns
	inserting
	tryingBlock
	recording
	reading
	deleting
)

// rights returns the rights on a table that a step needs, by their names in most engines.
func (s step) rights() string {
	switch s {
	case inserting:
		return "insert"
	case recording:
		return "select, insert"
	case deleting:
		return "select, delete"
	default:
		return "select"
	}
}

// dialect contains all differences between the SQL of the engines, as pure functions that
// return it. A query for rows returns every value as text.
type dialect interface {
	// session returns the first statement of every transaction, or "". Behind a pooler no
	// other setting of a session lasts.
	session() (query string, args []any)
	// placeholders returns an empty list of values for one statement.
	placeholders() *placeholders
	// exact returns the catalog's form of a name that a user writes.
	exact(name string) string
	// accepts returns an error if the connection cannot reach the table's database or, with
	// Write, if a table of ours cannot have the name.
	accepts(Table, Access) error
	// tableColumns returns the query for schema, table, column and type of each column, in
	// order, of the tables with these names beside a table. Without a schema the first one
	// is the name of a table in any schema in which the session finds it.
	tableColumns(beside Table, names []string) query
	// schemaColumns returns the same query for all tables and views of some schemas.
	schemaColumns(schemas []string) query
	// selectSchema selects one row if the table's schema exists.
	selectSchema(Table) query
	relation(Table) string
	createSchema(Table) string
	createTable(Table, layout) []string
	addColumns(found) []string
	// createView returns the beginning of a statement that creates a view.
	createView(Table) string
	// widenCount changes the row_count of a relation to bigint.
	widenCount(relation string) string
	// text returns the expression for a column's value as text, and instant the one for a
	// time, which compares with a placeholder of a time.
	text(f found, column string) string
	instant(f found, column string) string
	words() words
	// insertRun inserts nothing if that run already has a row.
	insertRun(f found, values []*string) (query string, args []any)
	// grant returns the fix for a missing right, and the page about it.
	grant(step, Table, connect.Denied) string
}

// words are an engine's words for what needs no function.
type words struct {
	types [4]string // by kind
	// seconds is the expression for the seconds between two times, {from} and {to}, which
	// may be null.
	seconds     string
	time, count string // the literals of the hooks' inserts
	// guard prevents a failing insert from failing its model, if it must be tested: a query
	// around "{}", the insert, that returns null or the reason for the failure; "": none.
	guard string
	// block is a statement that fails if the warehouse refuses what the hooks send beside the
	// insert and what does not need to be tested with it; "": nothing.
	block string
}
