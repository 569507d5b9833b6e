package warehouse

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"strings"

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

// nameLimit is the longest name in bytes. PostgreSQL truncates longer ones.
const nameLimit = 63

// accepts refuses a name that would be ambiguous after truncation.
func (p postgres) accepts(t Table, access Access) error {
	if t.Database != "" && !strings.EqualFold(t.Database, p.database) {
		return fmt.Errorf("%q is not the database of the connection, and PostgreSQL reaches no other; "+
			"set %q or none; see "+docs.Warehouses, t.Database, p.database)
	}
	if runs := runTable(t).Name; access == Write && len(runs) > nameLimit {
		return fmt.Errorf("the name of its run table, %q, is longer than PostgreSQL's %d bytes; "+
			"use a shorter name; see "+docs.AuditTable, runs, nameLimit)
	}
	return nil
}

func (p postgres) tableColumns(beside Table, names []string) query {
	at := p.placeholders()
	if beside.Schema == "" {
		name := at.value(names[0])
		return postgresColumns("c.oid = coalesce(to_regclass(quote_ident(lower("+name+"))), to_regclass(quote_ident("+name+
			")))", at.args)
	}
	return postgresColumns("n.nspname = "+at.value(beside.Schema)+" and c.relname in "+at.list(names), at.args)
}

func (p postgres) schemaColumns(schemas []string) query {
	at := p.placeholders()
	return postgresColumns("n.nspname in "+at.list(schemas), at.args)
}

func postgresColumns(where string, args []any) query {
	return query{
		columns: []string{"n.nspname", "c.relname", "a.attname", "format_type(a.atttypid, a.atttypmod)"},
		from: `pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'v', 'm', 'f') and ` + where,
		order: "c.oid, a.attnum", args: args,
	}
}

func (postgres) selectSchema(t Table) query {
	return query{columns: []string{"nspname"}, from: "pg_catalog.pg_namespace where nspname = $1", args: []any{t.Schema}}
}

func (p postgres) relation(t Table) string { return quote(t.Schema) + "." + quote(t.Name) }

func (p postgres) createSchema(t Table) string {
	return "create schema if not exists " + quote(t.Schema)
}

func (p postgres) createTable(t Table, l layout) []string {
	columns := definitions(p, l.columns)
	if l.key != "" {
		columns = append(columns, "primary key ("+l.key+")")
	}
	table := "create table " + p.relation(t) + " (" + strings.Join(columns, ", ") + ")"
	return append([]string{table}, p.indexes(t, l)...)
}

func (p postgres) addColumns(f found) []string {
	columns := definitions(p, f.missing())
	for i := range columns {
		columns[i] = "add column if not exists " + columns[i]
	}
	table := "alter table " + f.relation + " " + strings.Join(columns, ", ")
	return append([]string{table}, p.indexes(f.table, f.layout)...)
}

func (p postgres) indexes(t Table, l layout) []string {
	create := func(suffix, columns string) string {
		return "create index if not exists " + quote(indexName(t.Name+suffix)) + " on " + p.relation(t) + " (" + columns + ")"
	}
	all := []string{create("_"+strings.Join(l.index, "_")+"_idx", strings.Join(l.index, ", "))}
	if l.newest != "" {
		all = append(all, create("_newest_idx", l.newest))
	}
	return all
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

func (p postgres) createView(t Table) string { return "create or replace view " + p.relation(t) }

func (p postgres) widenCount(relation string) string { return alterCount(relation) }

// words has no guard, because every PostgreSQL accepts the block that the hooks use.
func (postgres) words() words {
	return words{
		types:   [...]string{text: "text", timestamp: "timestamp(6)", bigint: "bigint", integer: "integer"},
		seconds: "cast(extract(epoch from {to} - {from}) as double precision)",
		time:    "'2000-01-01 00:00:00'", count: "'0'",
		block: "do $dbt_tally$ begin perform pg_stat_get_live_tuples(0); end $dbt_tally$",
	}
}

// text takes a time without a zone as UTC. The session sets the format of times.
func (postgres) text(f found, column string) string {
	if strings.HasSuffix(f.typeOf(column), "with time zone") {
		return "(" + column + " at time zone 'UTC')::text"
	}
	return column + "::text"
}

func (postgres) instant(_ found, column string) string { return column }

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
	case s == tryingBlock:
		fix = "grant usage on language plpgsql, and execute on function pg_stat_get_live_tuples," + to
	case s == addingColumns:
		fix = "make " + quote(p.user) + " a member of the role that owns the table"
	}
	return fix + "; see " + docs.Permissions
}
