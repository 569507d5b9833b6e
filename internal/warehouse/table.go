package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// column is one column of a table, its type in the warehouse's own words.
type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// kind is the type of a column of ours, for an engine to put in its own words.
type kind int

const (
	text kind = iota
	timestamp
	bigint
	integer
)

// String is the name of the kind in operations.sql.
func (k kind) String() string {
	return [...]string{text: "text", timestamp: "timestamp", bigint: "bigint", integer: "integer"}[k]
}

// definition is a column as docs/audit-table.md defines it.
type definition struct {
	name string
	kind kind
}

// layout is what a table of ours looks like. One that lacks any of the first
// columns is another table.
type layout struct {
	columns []definition
	first   int
	key     string   // the primary key, "" for none
	index   []string // columns of the index
}

// each writes every column.
func each(columns []definition, as func(definition) string) []string {
	texts := make([]string, len(columns))
	for i, d := range columns {
		texts[i] = as(d)
	}
	return texts
}

// names are the names of the columns, in order.
func (l layout) names() []string {
	return each(l.columns, func(d definition) string { return d.name })
}

// The audit table. The first four columns are the tutorial's.
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
	},
	first: 4,
	index: []string{"run_id"},
}

// found is a table as it is.
type found struct {
	table    Table  // where it was found
	relation string // quoted
	widen    string // the statement that makes row_count a bigint
	guard    string // around the hooks' inserts, "" for none
	columns  []column
	layout   layout // what it is to look like
}

// names are the names of all columns, in lower case.
func (f found) names() []string {
	names := make([]string, len(f.columns))
	for i, c := range f.columns {
		names[i] = strings.ToLower(c.Name)
	}
	return names
}

// typeOf returns the type of a column in lower case, "" where it is not there.
func (f found) typeOf(name string) string {
	for _, c := range f.columns {
		if strings.EqualFold(c.Name, name) {
			return strings.ToLower(c.Type)
		}
	}
	return ""
}

// missing are the columns of the layout that the table lacks.
func (f found) missing() []definition {
	names := f.names()
	return slices.DeleteFunc(slices.Clone(f.layout.columns), func(d definition) bool {
		return slices.Contains(names, d.name)
	})
}

// present are the columns of the layout that the table has.
func (f found) present() []definition {
	names := f.names()
	return slices.DeleteFunc(slices.Clone(f.layout.columns), func(d definition) bool {
		return !slices.Contains(names, d.name)
	})
}

// values are some columns as a query selects them, null if the table lacks them.
func (f found) values(columns []string, as func(name, typ string) string) string {
	values := make([]string, len(columns))
	for i, name := range columns {
		values[i] = "null"
		if typ := f.typeOf(name); typ != "" {
			values[i] = as(name, typ)
		}
	}
	return strings.Join(values, ", ")
}

// node is what tells the rows of one node from those of others.
func (f found) node() string {
	if f.typeOf("node_id") == "" {
		return "model_name"
	}
	return "coalesce(node_id, model_name)"
}

// usable refuses a table of another kind that happens to have the name.
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

// listed are the names of the columns, for a sentence.
func listed(columns []definition) string {
	names := layout{columns: columns}.names()
	last := len(names) - 1
	if last == 0 {
		return names[0]
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// narrow are integer types that end at 2^31 or before, as the engines call them.
var narrow = []string{"integer", "int", "int4", "int32", "smallint", "int2", "int16", "mediumint", "tinyint"}

// narrowCount says how to widen a row_count that is too narrow for large tables.
func (f found) narrowCount() string {
	was := f.typeOf("row_count")
	name, size, _ := strings.Cut(was, "(")
	digits, _, _ := strings.Cut(size, ",")
	fewDigits := name == "number" && len(digits) == 1 // number(9,0) or less
	if !slices.Contains(narrow, name) && !fewDigits {
		return ""
	}
	return fmt.Sprintf("row_count of %s is %s, too narrow for more than 2,147,483,647 rows; widen it: %s",
		f.relation, was, f.widen)
}

// alterCount is the statement that makes row_count a bigint, as most engines know it.
func alterCount(relation string) string {
	return "alter table " + relation + " alter column row_count type bigint"
}

// lackingColumns says that the table stays without some columns, and why.
func lackingColumns(f found, why error) string {
	return fmt.Sprintf("%s is used as it is, without %s, which could not be added: %v",
		f.relation, listed(f.missing()), why)
}
