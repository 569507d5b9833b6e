package warehouse

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgres is PostgreSQL, as Aurora and RDS serve it too.
type postgres struct {
	user       string // whose rights count: the role, where one is set
	role       string
	searchPath string
	database   string
}

// lockTimeout bounds the wait for a lock: an alter table that waits behind a
// long transaction makes every hook's insert wait behind itself.
const lockTimeout = "5s"

func (p postgres) session() (string, []any) {
	query, args := "select set_config('lock_timeout', $1, true), set_config('datestyle', 'ISO', true)", []any{lockTimeout}
	for _, s := range []struct{ name, value string }{{"role", p.role}, {"search_path", p.searchPath}} {
		if s.value != "" {
			args = append(args, s.value)
			query += fmt.Sprintf(", set_config('%s', $%d, true)", s.name, len(args))
		}
	}
	return query, args
}

func (postgres) exact(name string) string { return name }

func (p postgres) reaches(t Table) error {
	if t.Database == "" || strings.EqualFold(t.Database, p.database) {
		return nil
	}
	return fmt.Errorf("%q is not the database of the connection, and PostgreSQL reaches no other; want %q or none; see docs/warehouses.md", t.Database, p.database)
}

func (p postgres) find(t Table) (string, []any) {
	const query = `
select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and %s
order by a.attnum`
	if t.Schema == "" {
		return fmt.Sprintf(query, "c.oid = coalesce(to_regclass(quote_ident(lower($1))), to_regclass(quote_ident($1)))"), []any{t.Name}
	}
	return fmt.Sprintf(query, "c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname = $1 and c.relname = $2"), []any{t.Schema, t.Name}
}

func (p postgres) findSchema(t Table) (string, []any) {
	return "select exists (select from pg_catalog.pg_namespace where nspname = $1)", []any{t.Schema}
}

func (p postgres) relation(t Table) string {
	return pgx.Identifier{t.Schema, t.Name}.Sanitize()
}

func (p postgres) createSchema(t Table) string {
	return "create schema if not exists " + quote(t.Schema)
}

func (p postgres) createTable(t Table, l layout) []string {
	columns := make([]string, len(l.columns))
	for i, d := range l.columns {
		columns[i] = d.name + " " + p.typeName(d.kind)
	}
	if l.key != "" {
		columns = append(columns, "primary key ("+l.key+")")
	}
	return []string{
		"create table " + p.relation(t) + " (" + strings.Join(columns, ", ") + ")",
		p.index(t, l),
	}
}

func (p postgres) addColumns(f found) []string {
	missing := f.missing()
	columns := make([]string, len(missing))
	for i, d := range missing {
		columns[i] = "add column if not exists " + d.name + " " + p.typeName(d.kind)
	}
	return []string{
		"alter table " + f.relation + " " + strings.Join(columns, ", "),
		p.index(f.table, f.layout),
	}
}

func (p postgres) index(t Table, l layout) string {
	name := indexName(t.Name + "_" + strings.Join(l.index, "_") + "_idx")
	return "create index if not exists " + quote(name) + " on " + p.relation(t) + " (" + strings.Join(l.index, ", ") + ")"
}

// nameLimit is the length of a name in bytes; what is longer is cut off.
const nameLimit = 63

// indexName is a name that is still its own once it is cut: tables and their
// indexes share one set of names.
func indexName(name string) string {
	if len(name) <= nameLimit {
		return name
	}
	sum := fmt.Sprintf("_%08x", crc32.ChecksumIEEE([]byte(name)))
	return strings.ToValidUTF8(name[:nameLimit-len(sum)], "") + sum
}

// fits refuses a name that, once it is cut, would be two tables'.
func (p postgres) fits(t Table) error {
	if runs := runTable(t).Name; len(runs) > nameLimit {
		return fmt.Errorf("the name of its run table, %q, is longer than PostgreSQL's %d bytes; want a shorter one; see docs/audit-table.md", runs, nameLimit)
	}
	return nil
}

func (p postgres) typeName(k kind) string {
	return [...]string{text: "text", timestamp: "timestamp(6)", bigint: "bigint", integer: "integer"}[k]
}

func (p postgres) insertProof(f found) string { return proofOf(f, "'2000-01-01 00:00:00'", "'0'") }

// guard is none: the block that the hooks write is one that every PostgreSQL takes.
func (p postgres) guard() string { return "" }

func (p postgres) widenCount(relation string) string { return alterCount(relation) }

// Codes of https://www.postgresql.org/docs/current/errcodes-appendix.html.
const (
	connectionException   = "08" // the class
	invalidAuthorization  = "28" // the class
	readOnlyTransaction   = "25006"
	insufficientPrivilege = "42501"
	lockNotAvailable      = "55P03"
)

// Two jobs that create the same schema or table: the one that is late gets a
// unique violation of the catalog, or is told that it exists.
var racedCodes = []string{
	"23505", // unique_violation
	"42P06", // duplicate_schema
	"42P07", // duplicate_table
	"42710", // duplicate_object
	"40P01", // deadlock_detected
	"XX000", // internal_error: tuple concurrently updated
}

func (p postgres) raced(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && slices.Contains(racedCodes, e.Code)
}

// What goes away by itself.
var passingCodes = []string{
	lockNotAvailable,
	readOnlyTransaction,
	"40001", // serialization_failure: on a reader, what it replays came first
	"40P01", // deadlock_detected
	"53300", // too_many_connections
	"57P01", // admin_shutdown
	"57P02", // crash_shutdown
	"57P03", // cannot_connect_now
}

func (p postgres) passes(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return strings.HasPrefix(refused.Code, connectionException) || slices.Contains(passingCodes, refused.Code)
	}
	var connecting *pgconn.ConnectError
	return errors.As(err, &connecting) || cutOff(err)
}

// cutOff is true of the errors by which pgx tells of a connection that is gone.
func cutOff(err error) bool {
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err)
}

func (p postgres) explain(s step, t Table, err error) error {
	var refused *pgconn.PgError
	var connecting *pgconn.ConnectError
	switch {
	case errors.As(err, &connecting):
		return explainConnect(connecting)
	case cutOff(err):
		return fmt.Errorf("the connection to postgres was lost: %w", err)
	case !errors.As(err, &refused):
		return err
	case refused.Code == insufficientPrivilege:
		return fmt.Errorf("%w; want: %s; see docs/permissions.md", err, p.grant(s, t, refused))
	case refused.Code == lockNotAvailable:
		return fmt.Errorf("%w: another transaction held it for more than %s", err, lockTimeout)
	case refused.Code == readOnlyTransaction:
		return fmt.Errorf("%w; want the writer's endpoint in the profile; see docs/warehouses.md", err)
	}
	return err
}

// grant is the statement that the owner has to run.
func (p postgres) grant(s step, t Table, refused *pgconn.PgError) string {
	to := " to " + quote(p.user)
	switch {
	case strings.Contains(refused.Message, "set role"):
		return "grant " + quote(p.role) + " to the user of the profile, or another role in it"
	case s == creatingSchema:
		return "grant create on database " + quote(p.database) + to
	case s == creatingTable:
		return "grant usage, create on schema " + quote(t.Schema) + to
	case strings.Contains(refused.Message, "schema"):
		return "grant usage on schema " + quote(t.Schema) + to
	case s == addingColumns:
		return quote(p.user) + " as a member of the role that owns the table"
	case s == inserting:
		return "grant insert on " + p.relation(t) + to
	case s == recording:
		return "grant select, insert on " + p.relation(t) + to
	case s == deleting:
		return "grant select, delete on " + p.relation(t) + to
	default:
		return "grant select on " + p.relation(t) + to
	}
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
