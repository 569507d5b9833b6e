package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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

// noFingerprints states the consequence of fingerprints that could not be stored.
func noFingerprints(t Table, why error) string {
	return fmt.Sprintf("code fingerprints are not stored in %s, "+
		"so that later runs detect edits only by the pull request's changed files: %v", t, why)
}

// noColumns states the consequence of columns that cannot be stored.
func noColumns(t Table, why error) string {
	return fmt.Sprintf("columns are not stored in %s, so that later runs cannot compare theirs: %v", t, why)
}

// insertCode returns the inserts of the lists of columns that are not listed, and of the
// nodes.
func insertCode(d dialect, t tables, code Code, listed map[string]string) (ofLists, ofNodes []connect.Statement) {
	if len(code.Fingerprints) == 0 || !t.nodes.ready() {
		return nil, nil
	}
	var rows [][]string
	lists := code.lists(listed)
	for _, hash := range slices.Sorted(maps.Keys(lists)) {
		rows = append(rows, []string{hash, lists[hash]})
	}
	nodeRows := code.rows()
	for i, row := range nodeRows {
		nodeRows[i] = append([]string{code.RunID}, row...)
	}
	return inserts(d, t.lists, rows), inserts(d, t.nodes, nodeRows)
}

// inserts returns inserts of texts, many rows per statement.
func inserts(d dialect, f found, all [][]string) (statements []connect.Statement) {
	for len(all) > 0 {
		at := d.placeholders()
		var values []string
		for size := 0; len(all) > 0 && len(values) < nodesPerInsert && size < messageSize/2; all = all[1:] {
			values = append(values, at.list(all[0]))
			for _, text := range all[0] {
				size += len(text)
			}
		}
		query := "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") values " +
			strings.Join(values, ", ")
		statements = append(statements, connect.Statement{SQL: query, Args: at.args})
	}
	return statements
}

// lists returns the lists of columns by their hashes, without those that are listed.
func (c Code) lists(listed map[string]string) map[string]string {
	lists := map[string]string{}
	for _, columns := range c.Columns {
		hash, list := columnList(columns)
		if _, known := listed[hash]; hash != "" && !known {
			lists[hash] = list
		}
	}
	return lists
}

func listsByHash(rows [][]*string) map[string]string {
	lists := make(map[string]string, len(rows))
	for _, row := range rows {
		lists[deref(row[0])] = deref(row[1])
	}
	return lists
}

// storedLists asks which of the lists of columns are stored, besides those that are listed.
func storedLists(d dialect, t tables, code Code, listed map[string]string) question {
	q := question{step: reading, table: t.lists.table}
	lists := code.lists(listed)
	if len(lists) > 0 && len(code.Fingerprints) > 0 && t.nodes.ready() && t.lists.ready() && !t.lists.fresh {
		q.query = selectLists(d, t.lists, slices.Sorted(maps.Keys(lists)))
	}
	return q
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

// askColumns asks the catalog for the columns of all relations of the request.
func askColumns(d dialect, t tables, f CollectRequest) question {
	q := question{step: looking, table: t.audit.table}
	schemas := map[string]bool{}
	for _, relation := range f.Relations {
		if schema, _ := lastNames(relation); schema != "" && f.Code.Columns == nil {
			schemas[schema] = true
		}
	}
	if len(schemas) > 0 {
		q.query = d.schemaColumns(slices.Sorted(maps.Keys(schemas)))
	}
	return q
}

// noColumnsRead states that the columns of this run are not known.
func noColumnsRead(why error) string { return "the columns could not be read: " + why.Error() }

// columnsByNode returns the columns of the relations by node ID, from the catalog's rows.
func columnsByNode(relations map[string]string, rows [][]*string) map[string][]tally.Column {
	if len(rows) == 0 {
		return nil
	}
	nodes := map[string]string{}
	for id, relation := range relations {
		schema, name := lastNames(relation)
		nodes[strings.ToLower(schema+"\x00"+name)] = id
	}
	columns := map[string][]tally.Column{}
	for _, row := range rows {
		id, wanted := nodes[strings.ToLower(deref(row[0])+"\x00"+deref(row[1]))]
		if wanted {
			columns[id] = append(columns[id], tally.Column{Name: deref(row[2]), Type: deref(row[3])})
		}
	}
	return columns
}

// runsWithNodes is how many of the newest runs are searched for fingerprints: if one job
// runs several dbt commands, only the last one stores them.
const runsWithNodes = 5

// storedNodes asks for what the newest of these runs that stored anything stored, and for
// its lists of columns.
func storedNodes(d dialect, t tables, runs []string) (nodes, lists question) {
	nodes = question{step: reading, table: t.nodes.table}
	lists = question{step: reading, table: t.lists.table}
	if t.nodes.ready() {
		nodes.query = selectNodes(d, t, runs)
	}
	if t.nodes.ready() && t.lists.ready() {
		lists.query = selectListsOf(d, t, runs)
	}
	return nodes, lists
}

// pruneBeside deletes the fingerprints of invocations that are not recorded or no longer
// are.
func (e *sqlEngine) pruneBeside(ctx context.Context, t tables) error {
	if !t.nodes.ready() {
		return nil
	}
	query := "delete from " + t.nodes.relation + " where run_id not in (select run_id from " + t.runs.relation + ")"
	_, err := e.deleteOnce(ctx, t.nodes, query, nil)
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
	hashes := make([][]*string, 0, len(rows))
	for _, row := range rows {
		if len(row) == 3 {
			prints[deref(row[0])] = deref(row[1])
			hashes = append(hashes, []*string{row[0], row[2]})
		}
	}
	return prints, columnsByHash(hashes, lists)
}

// ParseColumns returns the columns that dbt_tally_finish reported, by node ID: the hash of
// each node's list, and the lists.
func ParseColumns(described, lists [][]*string) map[string][]tally.Column {
	return columnsByHash(described, listsByHash(lists))
}

// columnsByHash returns the columns of nodes, given the hash of each node's list, or nil if
// none has a list.
func columnsByHash(nodes [][]*string, lists map[string]string) (columns map[string][]tally.Column) {
	for _, node := range nodes {
		var list []tally.Column
		if len(node) != 2 || json.Unmarshal([]byte(lists[deref(node[1])]), &list) != nil {
			continue
		}
		if columns == nil {
			columns = map[string][]tally.Column{}
		}
		columns[deref(node[0])] = list
	}
	return columns
}
