package warehouse

import (
	"cmp"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"

	driver "github.com/go-sql-driver/mysql"
)

// mysql is MySQL and MariaDB, as Aurora and RDS serve them too. It keeps to what
// MySQL 5.7 and MariaDB 10.2 understand already. A schema is a database to them;
// ours are called schemas everywhere.
type mysql struct {
	user    string
	schema  string // the profile's, where unqualified names are found
	address string
}

// lockSeconds bounds the wait for a lock, as lockTimeout does.
const lockSeconds = 5

// session makes the server's own zone and modes, with which the hooks have to
// live, no matter here.
func (m mysql) session() (string, []any) {
	return "set session time_zone = '+00:00', session sql_mode = 'STRICT_ALL_TABLES', session lock_wait_timeout = ?, session innodb_lock_wait_timeout = ?",
		[]any{lockSeconds, lockSeconds}
}

func (mysql) exact(name string) string { return name }

func (m mysql) reaches(t Table) error {
	if t.Database == "" || t.Database == cmp.Or(t.Schema, m.schema) {
		return nil
	}
	return fmt.Errorf("%q is another name than the schema's, and to MySQL both are one; want it as the schema, and no database; see docs/warehouses.md", t.Database)
}

func (m mysql) find(t Table) (string, []any) {
	return "select table_schema, table_name, column_name, column_type from information_schema.columns where table_schema = ? and table_name = ? order by ordinal_position",
		[]any{cmp.Or(t.Schema, m.schema), t.Name}
}

func (m mysql) findSchema(t Table) (string, []any) {
	return "select count(*) > 0 from information_schema.schemata where schema_name = ?", []any{t.Schema}
}

func (m mysql) relation(t Table) string { return backquote(t.Schema) + "." + backquote(t.Name) }

func (m mysql) createSchema(t Table) string {
	return "create schema if not exists " + backquote(t.Schema)
}

func (m mysql) createTable(t Table, l layout) []string {
	columns := make([]string, len(l.columns))
	for i, d := range l.columns {
		columns[i] = m.column(d, l)
	}
	if l.key != "" {
		columns = append(columns, "primary key ("+l.key+")")
	}
	columns = append(columns, "index "+m.indexName(l)+" ("+strings.Join(l.index, ", ")+")")
	return []string{
		"create table " + m.relation(t) + " (" + strings.Join(columns, ", ") + ") engine = InnoDB default character set utf8mb4 collate utf8mb4_bin",
	}
}

// addColumns comes with the index last: a table that has it already refuses it,
// with all columns added.
func (m mysql) addColumns(f found) []string {
	var columns []string
	for _, d := range f.missing() {
		columns = append(columns, "add column "+m.column(d, f.layout))
	}
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

func (m mysql) insertProof(f found) string { return proofOf(f, "'2000-01-01 00:00:00'", "'0'") }

// guard is none: MySQL has none.
func (m mysql) guard() string { return "" }

func (m mysql) widenCount(relation string) string {
	return "alter table " + relation + " modify row_count bigint"
}

func (m mysql) indexName(l layout) string { return strings.Join(l.index, "_") + "_idx" }

// keyLength is the length of a text that has an index, in characters: an index
// takes 3072 bytes, and a character has up to four.
const keyLength = 255

func (m mysql) column(d definition, l layout) string {
	kinds := [...]string{text: "text", timestamp: "datetime(6)", bigint: "bigint", integer: "integer"}
	if d.kind == text && (d.name == l.key || slices.Contains(l.index, d.name)) {
		return fmt.Sprintf("%s varchar(%d)", d.name, keyLength)
	}
	if d.name == l.key {
		return d.name + " " + kinds[d.kind]
	}
	return d.name + " " + kinds[d.kind] + " null"
}

// Numbers of https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
// and https://mariadb.com/docs/server/reference/error-codes.
const (
	schemaDenied  = 1044
	loginDenied   = 1045
	tableDenied   = 1142
	lockTimedOut  = 1205
	databaseThere = 1007
	tableThere    = 1050
	deadlock      = 1213
)

// readOnly is what a server says that has become a reader.
var readOnly = []uint16{1290, 1792, 1836}

// passing is what goes away by itself.
var passing = append([]uint16{
	lockTimedOut, deadlock,
	1040, // too many connections
	1053, // the server shuts down
	1317, // the statement was killed, as it is when the server shuts down
	1927, // MariaDB: the connection was killed
	3169, // MySQL: the session was killed
	4031, // MySQL: idle for longer than wait_timeout
}, readOnly...)

func (m mysql) raced(err error) bool {
	var refused *driver.MySQLError
	return errors.As(err, &refused) && slices.Contains([]uint16{databaseThere, tableThere, deadlock}, refused.Number)
}

func (m mysql) passes(err error) bool {
	var refused *driver.MySQLError
	if errors.As(err, &refused) {
		return slices.Contains(passing, refused.Number)
	}
	var connecting *dialError
	return errors.As(err, &connecting) || lost(err)
}

func lost(err error) bool {
	return errors.Is(err, driver.ErrInvalidConn) || errors.Is(err, sqldriver.ErrBadConn)
}

func (m mysql) explain(s step, t Table, err error) error {
	var connecting *dialError
	var refused *driver.MySQLError
	switch {
	case errors.As(err, &connecting):
		return connecting.explain(m.address)
	case lost(err):
		return fmt.Errorf("the connection to mysql at %s was lost: %w", m.address, err)
	case !errors.As(err, &refused):
		return err
	case refused.Number == schemaDenied, refused.Number == tableDenied:
		return fmt.Errorf("%w; want: %s; see docs/permissions.md", err, m.grant(s, t))
	case refused.Number == lockTimedOut:
		return fmt.Errorf("%w: another transaction held it for more than %d s", err, lockSeconds)
	case slices.Contains(readOnly, refused.Number):
		return fmt.Errorf("%w; want the writer's endpoint in the profile; see docs/warehouses.md", err)
	}
	return err
}

// grant is the statement that an administrator has to run.
func (m mysql) grant(s step, t Table) string {
	rights, on := "select", m.relation(t)
	switch s {
	case creatingSchema, creatingTable:
		rights, on = "create", backquote(t.Schema)+".*"
	case addingColumns:
		rights = "alter, create, insert" // all that "alter table" takes
	case inserting:
		rights = "insert"
	case recording:
		rights = "select, insert"
	case deleting:
		rights = "select, delete"
	}
	return "grant " + rights + " on " + on + " to '" + strings.ReplaceAll(m.user, "'", "''") + "'@'%'"
}

func backquote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
