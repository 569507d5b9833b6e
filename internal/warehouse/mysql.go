package warehouse

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

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

func (m mysql) reaches(t Table) error {
	if t.Database == "" || t.Database == cmp.Or(t.Schema, m.schema) {
		return nil
	}
	return fmt.Errorf("%q is not the schema's name, and to MySQL a schema is a database; "+
		"set the schema to it, and no database; see "+docs.Warehouses, t.Database)
}

// fits accepts every name, because MySQL refuses a name that is too long and does not
// truncate it.
func (mysql) fits(Table) error { return nil }

func (m mysql) selectColumns(t Table) (string, []any) {
	return "select table_schema, table_name, column_name, column_type from information_schema.columns " +
		"where table_schema = ? and table_name = ? order by ordinal_position", []any{cmp.Or(t.Schema, m.schema), t.Name}
}

func (m mysql) catalogColumns(schemas []string) (string, []any) {
	at := m.placeholders()
	return "select table_schema, table_name, column_name, column_type from information_schema.columns " +
		"where table_schema in " + at.list(schemas) + " order by table_schema, table_name, ordinal_position", at.args
}

func (m mysql) selectSchema(t Table) (string, []any) {
	return "select count(*) > 0 from information_schema.schemata where schema_name = ?", []any{t.Schema}
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
	types := [...]string{text: "text", timestamp: "datetime(6)", bigint: "bigint", integer: "integer"}
	switch {
	case d.kind == text && (d.name == l.key || slices.Contains(l.index, d.name)):
		return fmt.Sprintf("%s varchar(%d)", d.name, keyLength)
	case d.name == l.key:
		return d.name + " " + types[d.kind]
	default:
		return d.name + " " + types[d.kind] + " null"
	}
}

func (m mysql) createView(t Table) string { return "create or replace view " + m.relation(t) }

func (mysql) secondsBetween(from, to string) string {
	return "timestampdiff(microsecond, " + from + ", " + to + ") / 1000000"
}

func (m mysql) widenCount(relation string) string {
	return "alter table " + relation + " modify row_count bigint"
}

func (m mysql) insertProof(f found) string { return proofOf(f, "'2000-01-01 00:00:00'", "'0'") }

// guard is empty, because MySQL has no such block.
func (m mysql) guard() string { return "" }

// values returns the columns, null if the table lacks them. The driver returns every
// value as text, and a time in the session's zone.
func (m mysql) values(f found, columns []string) string {
	return f.values(columns, func(name, _ string) string { return name })
}

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

func (m mysql) selectRows(f found, runs []string) (string, []any) {
	at := m.placeholders()
	return "select " + m.values(f, recordColumns) + " from " + f.relation + " where run_id in " + at.list(runs), at.args
}

// selectNewest avoids window functions, which MySQL 5.7 lacks. It returns all rows of a
// node that have the same newest time.
func (m mysql) selectNewest(f found, since, before time.Time, exclude []string) (string, []any) {
	at := m.placeholders()
	where := " where execution_time >= " + at.at(since) + " and execution_time < " + at.at(before) +
		" and run_id not in " + at.list(exclude) +
		" and lower(model_name) like '% - after' and row_count is not null"
	return "select " + m.values(f, recordColumns) + " from " + f.relation +
		" join (select " + f.node() + " as node, max(execution_time) as newest from " + f.relation + where +
		" group by 1) n on " + f.node() + " = n.node and execution_time = n.newest" + where, append(at.args, at.args...)
}

func (m mysql) selectRuns(f found, filter runFilter) (string, []any) {
	at := m.placeholders()
	return "select " + m.values(f, f.layout.names()) + " from " + f.relation + " where " + at.where(filter) +
		fmt.Sprintf(" order by completed_at desc limit %d", filter.limit), at.args
}

func (m mysql) countOlder(f found, column string, than time.Time) (string, []any) {
	at := m.placeholders()
	return "select run_id, count(*) from " + f.relation + " where " + column + " < " + at.at(than) +
		" and run_id is not null group by run_id", at.args
}

func (m mysql) deleteOlder(f found, column string, than time.Time, runs []string) (string, []any) {
	at := m.placeholders()
	return "delete from " + f.relation + " where " + column + " < " + at.at(than) +
		" and run_id in " + at.list(runs), at.args
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
