package warehouse

import (
	"time"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// proof is the run_id of the row by which an insert is proven. The row is rolled
// back.
const proof = "dbt-tally proof"

// step is what was being done when a statement was refused.
type step int

const (
	looking step = iota
	creatingSchema
	creatingTable
	addingColumns
	inserting
	recording
	reading
	deleting
)

// rights are what a step needs on a table, as most engines call it.
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

// dialect is everything in which the SQL of the engines differs: pure functions that
// return it. A query for rows gives every value as text.
type dialect interface {
	// session returns the first statement of every transaction, "" for none: behind
	// a pooler nothing else of a session lasts.
	session() (query string, args []any)
	// exact is a name as the catalog has it, of one as users write it.
	exact(name string) string
	// reaches refuses a database that the connection cannot see, fits a name that a
	// table of ours cannot have.
	reaches(Table) error
	fits(Table) error
	// find returns the query for schema, table, column and type of each column,
	// in order; no rows if there is no such table.
	find(Table) (query string, args []any)
	findSchema(Table) (query string, args []any)
	relation(Table) string
	createSchema(Table) string
	createTable(Table, layout) []string
	addColumns(found) []string
	// widenCount makes the row_count of a relation a bigint.
	widenCount(relation string) string
	// insertProof is an insert as the hooks write it. guard is what keeps a failing
	// one from its model, if anything does that has to be proven: a query around
	// "{}", the insert, which returns null or why that failed.
	insertProof(found) string
	guard() string
	// insertRun inserts nothing if there is a row of that run.
	insertRun(f found, values []*string) (query string, args []any)
	// selectRows, selectNewest and selectRuns return queries for recordColumns of
	// some runs, for those of the newest after row of each node, and for runs.
	selectRows(f found, runs []string) (query string, args []any)
	selectNewest(f found, since, before time.Time, exclude []string) (query string, args []any)
	selectRuns(found, runFilter) (query string, args []any)
	// countOlder returns the query for the runs that have rows of before, by a
	// column, and for the number of these; deleteOlder deletes them, of some runs.
	countOlder(f found, column string, than time.Time) (query string, args []any)
	deleteOlder(f found, column string, than time.Time, runs []string) (query string, args []any)
	// grant says what a right that is missing needs, and which page is about it.
	grant(step, Table, connect.Denied) string
}
