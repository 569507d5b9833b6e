package warehouse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// mysql is the SQL of MySQL and MariaDB, including Aurora and RDS. It uses only what
// MySQL 5.7 and MariaDB 10.2 support. They call a schema a database; this package says
// schema.
type mysql struct {
	user   string
	schema string // the profile's; unqualified names refer to it
}

func newMySQL(t Target, db connect.Database) dialect {
	return mysql{user: db.User, schema: t.text("schema")}
}

func (mysql) placeholders() *placeholders { return &placeholders{time: "%s"} }

// session overrides the server's time zone and modes. The hooks cannot do so.
func (m mysql) session() (string, []any) {
	wait := int(connect.LockWait.Seconds())
	return "set session time_zone = '+00:00', session sql_mode = 'STRICT_ALL_TABLES', " +
		"session lock_wait_timeout = ?, session innodb_lock_wait_timeout = ?", []any{wait, wait}
}

func (mysql) exact(name string) string { return name }

// accepts takes every name, because MySQL refuses a name that is too long and does not
// truncate it.
func (m mysql) accepts(t Table, _ Access) error {
	if t.Database == "" || t.Database == cmp.Or(t.Schema, m.schema) {
		return nil
	}
	return fmt.Errorf("%q is not the schema's name, and to MySQL a schema is a database; "+
		"set the schema to it, and no database; see "+docs.Warehouses, t.Database)
}

func (m mysql) tableColumns(beside Table, names []string) query {
	at := m.placeholders()
	return mysqlColumns("table_schema = "+at.value(cmp.Or(beside.Schema, m.schema))+
		" and table_name in "+at.list(names), at.args)
}

func (m mysql) schemaColumns(schemas []string) query {
	at := m.placeholders()
	return mysqlColumns("table_schema in "+at.list(schemas), at.args)
}

func mysqlColumns(where string, args []any) query {
	return query{
		columns: []string{"table_schema", "table_name", "column_name", "column_type"},
		from:    "information_schema.columns where " + where,
		order:   "table_schema, table_name, ordinal_position", args: args,
	}
}

func (mysql) selectSchema(t Table) query {
	return query{
		columns: []string{"schema_name"},
		from:    "information_schema.schemata where schema_name = ?", args: []any{t.Schema},
	}
}

func (m mysql) relation(t Table) string { return backquote(t.Schema) + "." + backquote(t.Name) }

func (m mysql) createSchema(t Table) string {
	return "create schema if not exists " + backquote(t.Schema)
}

func (m mysql) createTable(t Table, l layout) []string {
	columns := each(l.columns, func(d definition) string { return m.column(d, l) })
	if l.key != "" {
		columns = append(columns, "primary key ("+l.key+")")
	}
	columns = append(columns, "index "+m.indexName(l)+" ("+strings.Join(l.index, ", ")+")")
	return []string{
		"create table " + m.relation(t) + " (" + strings.Join(columns, ", ") +
			") engine = InnoDB default character set utf8mb4 collate utf8mb4_bin",
	}
}

// addColumns adds the index last: if the table has it already, the statement fails after
// all columns were added.
func (m mysql) addColumns(f found) []string {
	columns := each(f.missing(), func(d definition) string { return "add column " + m.column(d, f.layout) })
	keys := slices.Clone(f.layout.index)
	for i, name := range keys {
		if strings.HasSuffix(f.typeOf(name), "text") {
			keys[i] += fmt.Sprintf("(%d)", keyLength)
		}
	}
	alter := "alter table " + f.relation + " "
	return []string{
		alter + strings.Join(columns, ", "),
		alter + "add index " + m.indexName(f.layout) + " (" + strings.Join(keys, ", ") + ")",
	}
}

func (m mysql) indexName(l layout) string { return strings.Join(l.index, "_") + "_idx" }

// keyLength is the length in characters of an indexed text: an index has at most 3072
// bytes, and a character up to four.
const keyLength = 255

func (m mysql) column(d definition, l layout) string {
	switch {
	case d.kind == text && (d.name == l.key || slices.Contains(l.index, d.name)):
		return fmt.Sprintf("%s varchar(%d)", d.name, keyLength)
	case d.name == l.key:
		return d.name + " " + m.words().types[d.kind]
	default:
		return d.name + " " + m.words().types[d.kind] + " null"
	}
}

func (m mysql) createView(t Table) string { return "create or replace view " + m.relation(t) }

func (m mysql) widenCount(relation string) string {
	return "alter table " + relation + " modify row_count bigint"
}

// words has no guard, because MySQL has no such block.
func (mysql) words() words {
	return words{
		types:   [...]string{text: "text", timestamp: "datetime(6)", bigint: "bigint", integer: "integer"},
		seconds: "timestampdiff(microsecond, {from}, {to}) / 1000000",
		time:    "'2000-01-01 00:00:00'", count: "'0'",
	}
}

// text relies on the driver, which returns every value as text, and a time in the
// session's zone.
func (mysql) text(_ found, column string) string { return column }

func (mysql) instant(_ found, column string) string { return column }

// insertRun ignores a duplicate primary key. "On duplicate key update" would need the
// right to update, and "where not exists" would block another job's insert.
func (m mysql) insertRun(f found, values []*string) (string, []any) {
	at := m.placeholders()
	row := make([]string, len(values))
	for i, value := range values {
		row[i] = at.value(value)
	}
	return "insert ignore into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") +
		") values (" + strings.Join(row, ", ") + ")", at.args
}

// grant returns the statement that an administrator must run.
func (m mysql) grant(s step, t Table, _ connect.Denied) string {
	rights, on := s.rights(), m.relation(t)
	switch s {
	case creatingSchema, creatingTable:
		rights, on = "create", backquote(t.Schema)+".*"
	case creatingView:
		rights, on = "create view, select", backquote(t.Schema)+".*"
	case addingColumns:
		rights = "alter, create, insert" // everything that "alter table" needs
	}
	user := "'" + strings.ReplaceAll(m.user, "'", "''") + "'@'%'"
	return "grant " + rights + " on " + on + " to " + user + "; see " + docs.Permissions
}

func backquote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
