package warehouse

import (
	"time"

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
	// reaches returns an error if the connection cannot reach the table's database; fits
	// returns one if a table of ours cannot have the name.
	reaches(Table) error
	fits(Table) error
	// selectColumns returns the query for schema, table, column and type of each column,
	// in order. It selects no rows if there is no such table.
	selectColumns(Table) (query string, args []any)
	// catalogColumns returns the same query for all tables and views of some schemas.
	catalogColumns(schemas []string) (query string, args []any)
	// selectSchema returns the query for whether the schema of the table exists.
	selectSchema(Table) (query string, args []any)
	relation(Table) string
	createSchema(Table) string
	createTable(Table, layout) []string
	addColumns(found) []string
	// createView returns the beginning of a statement that creates a view. secondsBetween
	// returns the seconds from one time to another, which may be null.
	createView(Table) string
	secondsBetween(from, to string) string
	// widenCount changes the row_count of a relation to bigint.
	widenCount(relation string) string
	// insertProof returns an insert in the form of the hooks. guard returns the code that
	// prevents a failing insert from failing its model, if it must be tested: a query
	// around "{}", the insert, that returns null or the reason for the failure.
	insertProof(found) string
	guard() string
	// insertRun inserts nothing if that run already has a row.
	insertRun(f found, values []*string) (query string, args []any)
	// selectRows, selectNewest and selectRuns return queries for recordColumns of some
	// runs, for recordColumns of the newest after row of each node, and for runs.
	selectRows(f found, runs []string) (query string, args []any)
	selectNewest(f found, since, before time.Time, exclude []string) (query string, args []any)
	selectRuns(found, runFilter) (query string, args []any)
	// countOlder returns the query for the runs that have rows older than a time, by a
	// column, and their number of such rows. deleteOlder deletes these rows of some runs.
	countOlder(f found, column string, than time.Time) (query string, args []any)
	deleteOlder(f found, column string, than time.Time, runs []string) (query string, args []any)
	// grant returns the fix for a missing right, and the page about it.
	grant(step, Table, connect.Denied) string
}
