package warehouse

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// column is one column of a table, with its type in the warehouse's words.
type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// kind is the type of one of our columns, which each engine translates.
type kind int

const (
	text kind = iota
	timestamp
	bigint
	integer
)

// String returns the name of the kind in operations.sql.
func (k kind) String() string {
	return [...]string{text: "text", timestamp: "timestamp", bigint: "bigint", integer: "integer"}[k]
}

// definition is a column as docs/audit-table.md defines it.
type definition struct {
	name string
	kind kind
}

// layout describes one of our tables. A table that lacks any of the first columns is
// another table.
type layout struct {
	columns []definition
	first   int
	key     string   // the primary key; "": none
	index   []string // columns of the index
	newest  string   // of another index on PostgreSQL, where the hooks look up the newest row of a node
}

// each returns the text of every column.
func each(columns []definition, as func(definition) string) []string {
	texts := make([]string, len(columns))
	for i, d := range columns {
		texts[i] = as(d)
	}
	return texts
}

// names returns the names of the columns, in order.
func (l layout) names() []string {
	return each(l.columns, func(d definition) string { return d.name })
}

// definitions returns the definitions of columns as SQL.
func definitions(d dialect, columns []definition) []string {
	return each(columns, func(c definition) string { return c.name + " " + d.words().types[c.kind] })
}

// The audit table. The first four columns are those of the tutorial.
var auditLayout = layout{
	columns: []definition{
		{"model_name", text},
		{"execution_time", timestamp},
		{"row_count", bigint},
		{"run_id", text},
		{"node_id", text},
		{"phase", text},
		{"materialized", text},
		{"batch", text},
		{"changed_rows", bigint},
		{"inserted_rows", bigint},
		{"updated_rows", bigint},
		{"deleted_rows", bigint},
		{"watermark", timestamp},
		{"change_source", text},
		{"run_group", text},
		{"count_source", text},
		{"carry", text},
	},
	first:  4,
	index:  []string{"run_id"},
	newest: "node_id, execution_time desc",
}

// found is an existing table.
type found struct {
	table    Table  // its name in the catalog
	relation string // quoted
	widen    string // the statement that changes row_count to bigint
	guard    string // around the hooks' inserts; "": none
	columns  []column
	layout   layout // the expected layout
	fresh    bool   // this program has just created it

	uncaptured bool // as in Prepared
}

// names returns the names of all columns, in lower case.
func (f found) names() []string {
	names := make([]string, len(f.columns))
	for i, c := range f.columns {
		names[i] = strings.ToLower(c.Name)
	}
	return names
}

// typeOf returns the type of a column in lower case, or "" if there is no such column.
func (f found) typeOf(name string) string {
	for _, c := range f.columns {
		if strings.EqualFold(c.Name, name) {
			return strings.ToLower(c.Type)
		}
	}
	return ""
}

// missing returns the columns of the layout that the table lacks.
func (f found) missing() []definition {
	names := f.names()
	return slices.DeleteFunc(slices.Clone(f.layout.columns), func(d definition) bool {
		return slices.Contains(names, d.name)
	})
}

// present returns the columns of the layout that the table has.
func (f found) present() []definition {
	names := f.names()
	return slices.DeleteFunc(slices.Clone(f.layout.columns), func(d definition) bool {
		return !slices.Contains(names, d.name)
	})
}

// there reports whether the table exists, and ready whether it has all columns, too.
func (f found) there() bool { return len(f.columns) > 0 }
func (f found) ready() bool { return f.there() && len(f.missing()) == 0 }

// node returns the expression that identifies the node of a row.
func (f found) node() string {
	if f.typeOf("node_id") == "" {
		return "model_name"
	}
	return "coalesce(node_id, model_name)"
}

// usable returns an error for another table that happens to have the name.
func (f found) usable() error {
	var lacks []string
	for _, d := range f.layout.columns[:f.layout.first] {
		if f.typeOf(d.name) == "" {
			lacks = append(lacks, d.name)
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	return fmt.Errorf("it lacks %s and has %s; expected at least %s; use another audit-table; see "+docs.AuditTable,
		strings.Join(lacks, ", "), strings.Join(f.names(), ", "), listed(f.layout.columns[:f.layout.first]))
}

// listed returns the names of the columns, for a sentence.
func listed(columns []definition) string {
	names := layout{columns: columns}.names()
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// narrow maps the engines' integer types that are narrower than bigint to their highest
// numbers.
var narrow = map[string]int64{
	"integer": math.MaxInt32, "int": math.MaxInt32, "int4": math.MaxInt32, "int32": math.MaxInt32,
	"mediumint": 1<<23 - 1,
	"smallint":  math.MaxInt16, "int2": math.MaxInt16, "int16": math.MaxInt16,
	"tinyint": math.MaxInt8,
}

// narrowCount returns the problem and the fix if row_count is too narrow for large
// tables.
func (f found) narrowCount() string {
	was := f.typeOf("row_count")
	name, size, _ := strings.Cut(was, "(")
	digits, _, _ := strings.Cut(size, ",")
	most := narrow[name]
	if n, err := strconv.Atoi(digits); name == "number" && err == nil && n < 10 {
		most = int64(math.Pow10(n)) - 1
	}
	if most == 0 {
		return ""
	}
	return fmt.Sprintf("row_count of %s is %s, too narrow for more than %s rows; widen it: %s",
		f.relation, was, tally.Number(most), f.widen)
}

// alterCount returns the statement that changes row_count to bigint in most engines.
func alterCount(relation string) string {
	return "alter table " + relation + " alter column row_count type bigint"
}

// lackingColumns states which columns the table lacks, and why.
func lackingColumns(f found, why error) string {
	return fmt.Sprintf("%s is used as it is, without %s, which could not be added: %v",
		f.relation, listed(f.missing()), why)
}

// lastNames returns the schema and the name in a relation, without their quotes; "" if it
// has no schema.
func lastNames(relation string) (schema, name string) {
	_, schema, name = relationNames(relation)
	return schema, name
}

// relationNames also returns the database, "" if the relation does not name it.
func relationNames(relation string) (database, schema, name string) {
	parts := []string{""}
	var quote rune
	for _, c := range relation {
		last := len(parts) - 1
		switch {
		case quote == 0 && (c == '"' || c == '`'):
			quote = c
		case c == quote:
			quote = 0
		case quote == 0 && c == '.':
			parts = append(parts, "")
		default:
			parts[last] += string(c)
		}
	}
	if len(parts) < 2 {
		return "", "", relation
	}
	if len(parts) > 2 {
		database = parts[len(parts)-3]
	}
	return database, parts[len(parts)-2], parts[len(parts)-1]
}

// proofOf returns an insert into all of our columns that the table has, in the form of
// the hooks.
func proofOf(f found, form words) string {
	var names, values []string
	for _, d := range f.present() {
		value := "null"
		switch d.name {
		case "model_name":
			value = "'dbt-tally - BEFORE'"
		case "execution_time":
			value = form.time
		case "row_count":
			value = form.count
		case "run_id":
			value = "'" + proof + "'"
		}
		names, values = append(names, d.name), append(values, value)
	}
	return "insert into " + f.relation + " (" + strings.Join(names, ", ") + ") select " + strings.Join(values, ", ")
}

// proofs are the statements of a message that tests what the hooks send.
func proofs(d dialect, f found) []connect.Statement {
	statements := []connect.Statement{{SQL: proofOf(f, d.words())}}
	if block := d.words().block; block != "" {
		statements = append(statements, connect.Statement{SQL: block})
	}
	return append(statements, connect.Statement{SQL: readProof(d, f), Rows: true})
}

// readProof reads the row of proofOf.
func readProof(d dialect, f found) string {
	return "select " + strings.Join(texts(d, f, recordColumns), ", ") + " from " + f.relation +
		" where run_id = '" + proof + "'"
}
