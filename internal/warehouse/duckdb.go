package warehouse

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// duckDB is the SQL of DuckDB. Names are the same in upper and lower case there.
type duckDB struct {
	database string // in which dbt builds
}

func newDuckDB(_ Target, db connect.Database) dialect { return duckDB{database: db.Name} }

func (duckDB) placeholders() *placeholders {
	return &placeholders{numbered: true, time: "cast(%s as timestamp)"}
}

// session is empty: no statement here depends on the settings of the profile.
func (duckDB) session() (string, []any) { return "", nil }

func (duckDB) exact(name string) string { return name }

// reaches accepts all databases. DuckDB itself reports one that is not attached.
func (duckDB) reaches(Table) error { return nil }

// fits accepts every name, because DuckDB does not limit its length.
func (duckDB) fits(Table) error { return nil }

// catalog returns the database of a table.
func (d duckDB) catalog(t Table) string { return cmp.Or(t.Database, d.database) }

// selectColumns queries the catalog of all databases, because the one of the connection's
// database does not list the attached databases.
func (d duckDB) selectColumns(t Table) (string, []any) {
	schema, args := "current_schema()", []any{d.catalog(t), t.Name}
	if t.Schema != "" {
		schema, args = "lower($3)", append(args, t.Schema)
	}
	return `select table_schema, table_name, column_name, data_type from system.information_schema.columns
where lower(table_catalog) = lower($1) and lower(table_name) = lower($2) and lower(table_schema) = ` + schema + `
order by ordinal_position`, args
}

func (d duckDB) catalogColumns(schemas []string) (string, []any) {
	at := d.placeholders()
	for i, schema := range schemas {
		schemas[i] = strings.ToLower(schema)
	}
	return `select table_schema, table_name, column_name, data_type from system.information_schema.columns
where lower(table_catalog) = lower(` + at.value(d.database) + ") and lower(table_schema) in " + at.list(schemas) + `
order by table_schema, table_name, ordinal_position`, at.args
}

func (d duckDB) selectSchema(t Table) (string, []any) {
	return "select count(*) > 0 from system.information_schema.schemata " +
		"where lower(catalog_name) = lower($1) and lower(schema_name) = lower($2)", []any{d.catalog(t), t.Schema}
}

// relation includes the database, because DuckDB refuses schema.table if a database has
// the name of the schema. The database in the file shop.duckdb is named shop.
func (d duckDB) relation(t Table) string { return d.schema(t) + "." + quote(t.Name) }

func (d duckDB) schema(t Table) string { return quote(d.catalog(t)) + "." + quote(t.Schema) }

func (d duckDB) createSchema(t Table) string { return "create schema if not exists " + d.schema(t) }

// createTable creates no index and no key, because DuckDB reads a column of a million rows
// in milliseconds, and an index would slow down every insert.
func (d duckDB) createTable(t Table, l layout) []string {
	columns := strings.Join(each(l.columns, d.column), ", ")
	return []string{"create table if not exists " + d.relation(t) + " (" + columns + ")"}
}

func (d duckDB) addColumns(f found) []string {
	return each(f.missing(), func(def definition) string {
		return "alter table " + f.relation + " add column if not exists " + d.column(def)
	})
}

func (d duckDB) createView(t Table) string { return "create view if not exists " + d.relation(t) }

func (duckDB) secondsBetween(from, to string) string { return "epoch(" + to + " - " + from + ")" }

func (d duckDB) column(def definition) string { return def.name + " " + d.typeName(def.kind) }

func (duckDB) typeName(k kind) string {
	return [...]string{text: "varchar", timestamp: "timestamp", bigint: "bigint", integer: "integer"}[k]
}

func (duckDB) widenCount(relation string) string { return alterCount(relation) }

func (duckDB) insertProof(f found) string { return proofOf(f, "'2000-01-01 00:00:00'", "'0'") }

// guard is empty, because DuckDB has no such block.
func (duckDB) guard() string { return "" }

// texts returns the columns as text, with a time without a zone as UTC.
func (d duckDB) texts(f found, columns []string) string {
	return f.values(columns, func(name, _ string) string { return "cast(" + d.utc(f, name) + " as varchar)" })
}

// utc returns the time of a column in UTC, without its zone.
func (duckDB) utc(f found, column string) string {
	if strings.HasSuffix(f.typeOf(column), "with time zone") {
		return "(" + column + " at time zone 'UTC')"
	}
	return column
}

func (d duckDB) insertRun(f found, values []*string) (string, []any) {
	at := d.placeholders()
	row := make([]string, len(values))
	for i, value := range values {
		row[i] = "cast(" + at.value(value) + " as " + d.typeName(f.layout.columns[i].kind) + ")"
	}
	return "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") select " +
		strings.Join(row, ", ") + " where not exists (select 1 from " + f.relation + " where run_id = $1)", at.args
}

func (d duckDB) selectRows(f found, runs []string) (string, []any) {
	at := d.placeholders()
	return "select " + d.texts(f, recordColumns) + " from " + f.relation + " where run_id in " + at.list(runs), at.args
}

// selectNewest takes the phase from the name, where all hooks write it in the same form.
func (d duckDB) selectNewest(f found, since, before time.Time, exclude []string) (string, []any) {
	at, written := d.placeholders(), d.utc(f, "execution_time")
	return "select " + d.texts(f, recordColumns) + " from " + f.relation + `
where ` + written + " >= " + at.at(since) + " and " + written + " < " + at.at(before) +
		" and run_id not in " + at.list(exclude) + `
	and model_name ilike '% - after' and row_count is not null
qualify row_number() over (partition by ` + f.node() + " order by execution_time desc) = 1", at.args
}

func (d duckDB) selectRuns(f found, filter runFilter) (string, []any) {
	at := d.placeholders()
	return "select " + d.texts(f, f.layout.names()) + " from " + f.relation + " where " + at.where(filter) +
		fmt.Sprintf(" order by completed_at desc limit %d", filter.limit), at.args
}

func (d duckDB) countOlder(f found, column string, than time.Time) (string, []any) {
	at := d.placeholders()
	return "select run_id, count(*) from " + f.relation + " where " + d.utc(f, column) + " < " + at.at(than) +
		" and run_id is not null group by run_id", at.args
}

func (d duckDB) deleteOlder(f found, column string, than time.Time, runs []string) (string, []any) {
	at := d.placeholders()
	return "delete from " + f.relation + " where " + d.utc(f, column) + " < " + at.at(than) +
		" and run_id in " + at.list(runs), at.args
}

// grant returns the only possible fix, because DuckDB has no rights: an attached database
// must not be read-only.
func (d duckDB) grant(_ step, t Table, _ connect.Denied) string {
	return fmt.Sprintf("remove read_only from the database %s in the profile, or set audit-table to one of another "+
		"database; see "+docs.Warehouses, d.catalog(t))
}
