package warehouse

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// The node table: the code fingerprint of each node of the project, per invocation,
// beside the run table. Only dbt-tally writes to it.
var nodeLayout = layout{
	columns: []definition{{"run_id", text}, {"node_id", text}, {"fingerprint", text}, {"columns_hash", text}},
	first:   3,
	index:   []string{"run_id"},
}

// The columns table: each list of columns once, by its hash.
var columnsLayout = layout{
	columns: []definition{{"columns_hash", text}, {"columns", text}},
	first:   2,
	index:   []string{"columns_hash"},
}

// nodeTable returns the node table of an audit table: dbt_audit_node for dbt_audit_log,
// and name_node for any other name.
func nodeTable(audit Table) Table { return beside(audit, "_node") }

// columnsTable returns the columns table of an audit table.
func columnsTable(audit Table) Table { return beside(audit, "_columns") }

func beside(audit Table, suffix string) Table {
	const run = "_run"
	audit.Name = runTable(audit).Name
	if trimmed, upper := strings.CutSuffix(audit.Name, strings.ToUpper(run)); upper {
		audit.Name = trimmed + strings.ToUpper(suffix)
	} else {
		audit.Name = strings.TrimSuffix(audit.Name, run) + suffix
	}
	return audit
}

// Code is the stored data about one invocation's nodes, by node ID.
type Code struct {
	RunID        string
	Fingerprints map[string]string
	Columns      map[string][]tally.Column // of those that the invocation built
}

// nodesPerInsert keeps a statement below every engine's limit of values.
const nodesPerInsert = 1000

// rows returns node ID, fingerprint and hash of the columns ("" if it has none) of each
// node, ordered by node ID.
func (c Code) rows() [][]string {
	rows := make([][]string, 0, len(c.Fingerprints))
	for id, fingerprint := range c.Fingerprints {
		hash, _ := columnList(c.Columns[id])
		rows = append(rows, []string{id, fingerprint, hash})
	}
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return rows
}

// selectNodes returns the query for node_id, fingerprint and columns_hash of one
// invocation.
func selectNodes(at *placeholders, f found, run string) (query string, args []any) {
	return "select node_id, fingerprint, columns_hash from " + f.relation + " where run_id = " + at.value(run), at.args
}

// noFingerprints states the consequence of fingerprints that could not be stored.
func noFingerprints(t Table, why error) string {
	return fmt.Sprintf("code fingerprints are not stored in %s, "+
		"so that later runs detect edits only by the pull request's changed files: %v", t, why)
}

// noColumns states the consequence of columns that cannot be stored.
func noColumns(t Table, why error) string {
	return fmt.Sprintf("columns are not stored in %s, so that later runs cannot compare theirs: %v", t, why)
}

// sqlNodes is the node table beside an audit table, if there is one.
type sqlNodes struct {
	*sqlEngine
	audit Table
}

// store writes the lists of columns that no earlier run has stored, and then the nodes,
// in one transaction.
func (e sqlNodes) store(ctx context.Context, code Code) error {
	f, ok, err := e.lookBeside(ctx, nodeTable(e.audit), nodeLayout)
	if err != nil || !ok {
		return err
	}
	if err := e.storeColumns(ctx, code); err != nil {
		code.Columns = nil // a hash without its list is useless
	}
	return e.insert(ctx, f, func(at *placeholders, row []string) string {
		return at.list(append([]string{code.RunID}, row...))
	}, code.rows())
}

// storeColumns writes the new lists of columns.
func (e sqlNodes) storeColumns(ctx context.Context, code Code) error {
	f, ok, err := e.lookBeside(ctx, columnsTable(e.audit), columnsLayout)
	if err != nil || !ok || len(code.Columns) == 0 {
		return cmp.Or(err, errNoColumns)
	}
	lists := map[string]string{}
	for _, columns := range code.Columns {
		if hash, list := columnList(columns); hash != "" {
			lists[hash] = list
		}
	}
	known, err := e.columnLists(ctx, f, slices.Sorted(maps.Keys(lists)))
	if err != nil {
		return err
	}
	var rows [][]string
	for _, hash := range slices.Sorted(maps.Keys(lists)) {
		if _, stored := known[hash]; !stored {
			rows = append(rows, []string{hash, lists[hash]})
		}
	}
	return e.insert(ctx, f, (*placeholders).list, rows)
}

var errNoColumns = errors.New("there is no columns table, or nothing to store in it")

// columnLists reads lists of columns by their hashes.
func (e sqlNodes) columnLists(ctx context.Context, f found, hashes []string) (map[string]string, error) {
	lists := map[string]string{}
	for chunk := range slices.Chunk(hashes, nodesPerInsert) {
		at := e.dialect.placeholders()
		query := "select columns_hash, columns from " + f.relation + " where columns_hash in " + at.list(chunk)
		rows, err := e.db.query(ctx, reading, f.table, query, at.args)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			lists[deref(row[0])] = deref(row[1])
		}
	}
	return lists, nil
}

// insert inserts rows of texts in one transaction, many per statement.
func (e sqlNodes) insert(ctx context.Context, f found, as func(*placeholders, []string) string, all [][]string) error {
	var inserts []connect.Statement
	for rows := range slices.Chunk(all, nodesPerInsert) {
		at := e.dialect.placeholders()
		values := make([]string, len(rows))
		for i, row := range rows {
			values[i] = as(at, row)
		}
		query := "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") values " +
			strings.Join(values, ", ")
		inserts = append(inserts, connect.Statement{SQL: query, Args: at.args})
	}
	return e.db.run(ctx, recording, f.table, inserts...)
}

// columnList returns a list of columns as JSON, and its hash, or "" for no columns.
func columnList(columns []tally.Column) (hash, list string) {
	if len(columns) == 0 {
		return "", ""
	}
	text, err := json.Marshal(columns)
	if err != nil {
		return "", ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:sha256.Size/2]), string(text)
}

// columns reads the columns of all these relations with one query of the catalog, by node
// ID.
func (e sqlNodes) columns(ctx context.Context, relations map[string]string) (map[string][]tally.Column, error) {
	nodes, schemas := map[string]string{}, map[string]bool{}
	for id, relation := range relations {
		if schema, name := lastNames(relation); schema != "" {
			nodes[strings.ToLower(schema+"\x00"+name)], schemas[schema] = id, true
		}
	}
	if len(schemas) == 0 {
		return nil, nil
	}
	query, args := e.dialect.catalogColumns(slices.Sorted(maps.Keys(schemas)))
	rows, err := e.db.query(ctx, looking, e.audit, query, args)
	if err != nil {
		return nil, err
	}
	columns := map[string][]tally.Column{}
	for _, row := range rows {
		id, wanted := nodes[strings.ToLower(deref(row[0])+"\x00"+deref(row[1]))]
		if wanted {
			columns[id] = append(columns[id], tally.Column{Name: deref(row[2]), Type: deref(row[3])})
		}
	}
	return columns, nil
}

// runsWithNodes is how many of the newest runs are searched for fingerprints: if one job
// runs several dbt commands, only the last one stores them.
const runsWithNodes = 5

// newest returns the data of the newest run that stored any.
func (e sqlNodes) newest(ctx context.Context, runs []string) (nodes [][]*string, columns map[string]string, err error) {
	f, ok, err := e.lookBeside(ctx, nodeTable(e.audit), nodeLayout)
	if err != nil || !ok {
		return nil, nil, err
	}
	for _, run := range runs[:min(len(runs), runsWithNodes)] {
		query, args := selectNodes(e.dialect.placeholders(), f, run)
		if nodes, err = e.db.query(ctx, reading, f.table, query, args); err != nil || len(nodes) > 0 {
			break
		}
	}
	hashes := map[string]bool{}
	for _, row := range nodes {
		if hash := deref(row[2]); hash != "" {
			hashes[hash] = true
		}
	}
	if f, ok, lookErr := e.lookBeside(ctx, columnsTable(e.audit), columnsLayout); lookErr == nil && ok {
		columns, err = e.columnLists(ctx, f, slices.Sorted(maps.Keys(hashes)))
	}
	return nodes, columns, err
}

// pruneBeside deletes the fingerprints of invocations that are not recorded or no longer
// are.
func (e sqlNodes) pruneBeside(ctx context.Context, runs found) error {
	f, ok, err := e.lookBeside(ctx, nodeTable(e.audit), nodeLayout)
	if err != nil || !ok {
		return err
	}
	query := "delete from " + f.relation + " where run_id not in (select run_id from " + runs.relation + ")"
	_, err = e.deleteOnce(ctx, f, query, nil)
	return err
}

// parseNodes parses the stored data of a run, or returns nil if there is none. Columns
// are known only for the nodes that it built.
func parseNodes(
	rows [][]*string, lists map[string]string,
) (prints map[string]string, columns map[string][]tally.Column) {
	if len(rows) == 0 {
		return nil, nil
	}
	prints = make(map[string]string, len(rows))
	for _, row := range rows {
		if len(row) < 2 {
			continue
		}
		id := deref(row[0])
		prints[id] = deref(row[1])
		var list []tally.Column
		if len(row) < 3 || json.Unmarshal([]byte(lists[deref(row[2])]), &list) != nil {
			continue
		}
		if columns == nil {
			columns = map[string][]tally.Column{}
		}
		columns[id] = list
	}
	return prints, columns
}
