package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
)

// The node table: the code fingerprint of each node of the project, per invocation,
// beside the run table. Only dbt-tally writes to it.
var nodeLayout = layout{
	columns: []definition{{"run_id", text}, {"node_id", text}, {"fingerprint", text}},
	first:   3,
	index:   []string{"run_id"},
}

// nodeTable is the node table that belongs to an audit table: dbt_audit_node to
// dbt_audit_log, and name_node to any other name.
func nodeTable(audit Table) Table {
	const run, node = "_run", "_node"
	audit.Name = runTable(audit).Name
	if trimmed, upper := strings.CutSuffix(audit.Name, strings.ToUpper(run)); upper {
		audit.Name = trimmed + strings.ToUpper(node)
	} else {
		audit.Name = strings.TrimSuffix(audit.Name, run) + node
	}
	return audit
}

// Fingerprints are those of one invocation's nodes, by node ID.
type Fingerprints struct {
	RunID  string
	ByNode map[string]string
}

// nodesPerInsert keeps a statement below the number of values that every engine takes.
const nodesPerInsert = 1000

// rows are node ID and fingerprint of each node, ordered by node ID.
func (f Fingerprints) rows() [][]string {
	rows := make([][]string, 0, len(f.ByNode))
	for id, fingerprint := range f.ByNode {
		rows = append(rows, []string{id, fingerprint})
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return rows
}

// insertNodes is the statement for some rows of the node table.
func insertNodes(at *placeholders, f found, run string, rows [][]string) (query string, args []any) {
	values := make([]string, len(rows))
	for i, row := range rows {
		values[i] = at.list(append([]string{run}, row...))
	}
	return "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") values " +
		strings.Join(values, ", "), at.args
}

// selectNodes is the query for node_id and fingerprint of one invocation.
func selectNodes(at *placeholders, f found, run string) (query string, args []any) {
	return "select node_id, fingerprint from " + f.relation + " where run_id = " + at.value(run), at.args
}

// noFingerprints says what follows from fingerprints that could not be stored.
func noFingerprints(t Table, why error) string {
	return fmt.Sprintf("code fingerprints are not stored in %s, "+
		"so that later runs tell edits by the pull request's changed files: %v", t, why)
}

// sqlNodes is the node table beside an audit table, if there is one.
type sqlNodes struct {
	*sqlEngine
	audit Table
}

// store stores the fingerprints in one transaction.
func (e sqlNodes) store(ctx context.Context, prints Fingerprints) error {
	f, ok, err := e.lookBeside(ctx, nodeTable(e.audit), nodeLayout)
	if err != nil || !ok {
		return err
	}
	return e.db.inTx(ctx, recording, f.table, func(tx *sql.Tx) error {
		for rows := range slices.Chunk(prints.rows(), nodesPerInsert) {
			query, args := insertNodes(e.dialect.placeholders(), f, prints.RunID, rows)
			if _, err := tx.ExecContext(ctx, query, args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// runsWithNodes is how many of the newest runs are asked for fingerprints: of several
// dbt commands in one job only the last stores them.
const runsWithNodes = 5

// newest reads the fingerprints of the newest run that has some.
func (e sqlNodes) newest(ctx context.Context, runs []string) ([][]*string, error) {
	f, ok, err := e.lookBeside(ctx, nodeTable(e.audit), nodeLayout)
	if err != nil || !ok {
		return nil, err
	}
	for _, run := range runs[:min(len(runs), runsWithNodes)] {
		query, args := selectNodes(e.dialect.placeholders(), f, run)
		rows, err := e.db.query(ctx, reading, f.table, query, args)
		if err != nil || len(rows) > 0 {
			return rows, err
		}
	}
	return nil, nil
}

// pruneBeside deletes the fingerprints of invocations that are not recorded (any more).
func (e sqlNodes) pruneBeside(ctx context.Context, runs found) error {
	f, ok, err := e.lookBeside(ctx, nodeTable(e.audit), nodeLayout)
	if err != nil || !ok {
		return err
	}
	query := "delete from " + f.relation + " where run_id not in (select run_id from " + runs.relation + ")"
	_, err = e.deleteOnce(ctx, f, query, nil)
	return err
}

// parseNodes puts the fingerprints into the domain's words, nil if there are none.
func parseNodes(rows [][]*string) map[string]string {
	if len(rows) == 0 {
		return nil
	}
	byNode := make(map[string]string, len(rows))
	for _, row := range rows {
		if len(row) == 2 {
			byNode[deref(row[0])] = deref(row[1])
		}
	}
	return byNode
}
