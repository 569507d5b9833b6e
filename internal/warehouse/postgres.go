package warehouse

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// postgres is the SQL of PostgreSQL, including Aurora and RDS.
type postgres struct {
	user       string // whose rights are checked: the role, if one is set
	role       string
	searchPath string
	database   string
}

func newPostgres(t Target, db connect.Database) dialect {
	role := fold(t.text("role"))
	return postgres{user: cmp.Or(role, db.User), role: role, searchPath: t.text("search_path"), database: db.Name}
}

// fold converts the profile's role as "set role x" does with an unquoted name, which is
// how dbt writes it: to lower case, unless it is quoted.
func fold(name string) string {
	if len(name) >= 2 && strings.HasPrefix(name, `"`) && strings.HasSuffix(name, `"`) {
		return strings.ReplaceAll(name[1:len(name)-1], `""`, `"`)
	}
	return strings.ToLower(name)
}

// placeholders adds the zone for tables whose times have one. PostgreSQL ignores it for
// others.
func (postgres) placeholders() *placeholders {
	return &placeholders{numbered: true, time: "%s", zone: "+00"}
}

func (p postgres) session() (string, []any) {
	query := "select set_config('lock_timeout', $1, true), set_config('datestyle', 'ISO', true)"
	args := []any{connect.LockWait.String()}
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
	return fmt.Errorf("%q is not the database of the connection, and PostgreSQL reaches no other; "+
		"set %q or none; see "+docs.Warehouses, t.Database, p.database)
}

// nameLimit is the longest name in bytes. PostgreSQL truncates longer ones.
const nameLimit = 63

// fits refuses a name that would be ambiguous after truncation.
func (p postgres) fits(t Table) error {
	if runs := runTable(t).Name; len(runs) > nameLimit {
		return fmt.Errorf("the name of its run table, %q, is longer than PostgreSQL's %d bytes; "+
			"use a shorter name; see "+docs.AuditTable, runs, nameLimit)
	}
	return nil
}

func (p postgres) selectColumns(t Table) (string, []any) {
	where := "c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname = $1 and c.relname = $2"
	args := []any{t.Schema, t.Name}
	if t.Schema == "" {
		where = "c.oid = coalesce(to_regclass(quote_ident(lower($1))), to_regclass(quote_ident($1)))"
		args = []any{t.Name}
	}
	return `
select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and ` + where + `
order by a.attnum`, args
}

func (p postgres) catalogColumns(schemas []string) (string, []any) {
	at := p.placeholders()
	return `
select n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f')
	and n.nspname in ` + at.list(schemas) + `
order by c.oid, a.attnum`, at.args
}

func (p postgres) selectSchema(t Table) (string, []any) {
	return "select exists (select from pg_catalog.pg_namespace where nspname = $1)", []any{t.Schema}
}

func (p postgres) relation(t Table) string { return quote(t.Schema) + "." + quote(t.Name) }

func (p postgres) createSchema(t Table) string {
	return "create schema if not exists " + quote(t.Schema)
}

func (p postgres) createTable(t Table, l layout) []string {
	columns := each(l.columns, p.column)
	if l.key != "" {
		columns = append(columns, "primary key ("+l.key+")")
	}
	return []string{
		"create table " + p.relation(t) + " (" + strings.Join(columns, ", ") + ")",
		p.index(t, l),
	}
}

func (p postgres) addColumns(f found) []string {
	columns := each(f.missing(), func(d definition) string { return "add column if not exists " + p.column(d) })
	return []string{
		"alter table " + f.relation + " " + strings.Join(columns, ", "),
		p.index(f.table, f.layout),
	}
}

func (p postgres) createView(t Table) string { return "create or replace view " + p.relation(t) }

func (postgres) secondsBetween(from, to string) string {
	return "cast(extract(epoch from " + to + " - " + from + ") as double precision)"
}

func (p postgres) column(d definition) string {
	types := [...]string{text: "text", timestamp: "timestamp(6)", bigint: "bigint", integer: "integer"}
	return d.name + " " + types[d.kind]
}

func (p postgres) index(t Table, l layout) string {
	name := indexName(t.Name + "_" + strings.Join(l.index, "_") + "_idx")
	return "create index if not exists " + quote(name) + " on " + p.relation(t) +
		" (" + strings.Join(l.index, ", ") + ")"
}

// indexName returns a name that is still unique after truncation, because tables and
// their indexes share one namespace.
func indexName(name string) string {
	if len(name) <= nameLimit {
		return name
	}
	sum := fmt.Sprintf("_%08x", crc32.ChecksumIEEE([]byte(name)))
	return strings.ToValidUTF8(name[:nameLimit-len(sum)], "") + sum
}

func (p postgres) widenCount(relation string) string { return alterCount(relation) }

func (p postgres) insertProof(f found) string { return proofOf(f, "'2000-01-01 00:00:00'", "'0'") }

// guard is empty, because every PostgreSQL accepts the block that the hooks use.
func (p postgres) guard() string { return "" }

// texts returns the columns as text, with a time without a zone as UTC. The session sets
// the format of times.
func (p postgres) texts(f found, columns []string) string {
	return f.values(columns, func(name, typ string) string {
		if strings.HasSuffix(typ, "with time zone") {
			return "(" + name + " at time zone 'UTC')::text"
		}
		return name + "::text"
	})
}

func (p postgres) insertRun(f found, values []*string) (string, []any) {
	at := p.placeholders()
	row := make([]string, len(values))
	for i, value := range values {
		row[i] = at.value(value)
	}
	return "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") select " +
		strings.Join(row, ", ") + " where not exists (select from " + f.relation + " where run_id = $1)" +
		" on conflict do nothing", at.args
}

func (p postgres) selectRows(f found, runs []string) (string, []any) {
	at := p.placeholders()
	return "select " + p.texts(f, recordColumns) + " from " + f.relation + " where run_id in " + at.list(runs), at.args
}

// selectNewest takes the phase from the name, where all hooks write it in the same form.
func (p postgres) selectNewest(f found, since, before time.Time, exclude []string) (string, []any) {
	at := p.placeholders()
	return "select distinct on (" + f.node() + ") " + p.texts(f, recordColumns) + " from " + f.relation + `
where execution_time >= ` + at.at(since) + " and execution_time < " + at.at(before) +
		" and run_id not in " + at.list(exclude) + `
	and model_name ilike '% - after' and row_count is not null
order by ` + f.node() + ", execution_time desc", at.args
}

func (p postgres) selectRuns(f found, filter runFilter) (string, []any) {
	at := p.placeholders()
	return "select " + p.texts(f, f.layout.names()) + " from " + f.relation + " where " + at.where(filter) +
		fmt.Sprintf(" order by completed_at desc limit %d", filter.limit), at.args
}

func (p postgres) countOlder(f found, column string, than time.Time) (string, []any) {
	at := p.placeholders()
	return "select run_id::text, count(*)::text from " + f.relation + " where " + column + " < " + at.at(than) +
		" and run_id is not null group by run_id", at.args
}

func (p postgres) deleteOlder(f found, column string, than time.Time, runs []string) (string, []any) {
	at := p.placeholders()
	return "delete from " + f.relation + " where " + column + " < " + at.at(than) +
		" and run_id in " + at.list(runs), at.args
}

// grant returns the statement that the owner must run.
func (p postgres) grant(s step, t Table, on connect.Denied) string {
	to := " to " + quote(p.user)
	fix := "grant " + s.rights() + " on " + p.relation(t) + to
	switch {
	case on == connect.Role:
		fix = "grant " + quote(p.role) + " to the user of the profile, or set another role"
	case s == creatingSchema:
		fix = "grant create on database " + quote(p.database) + to
	case s == creatingTable, s == creatingView:
		fix = "grant usage, create on schema " + quote(t.Schema) + to
	case on == connect.Schema:
		fix = "grant usage on schema " + quote(t.Schema) + to
	case s == addingColumns:
		fix = "make " + quote(p.user) + " a member of the role that owns the table"
	}
	return fix + "; see " + docs.Permissions
}
