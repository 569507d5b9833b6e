package warehouse

import (
	"cmp"
	"fmt"
	"strings"

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

// accepts takes everything. DuckDB itself reports a database that is not attached, and does
// not limit the length of names.
func (duckDB) accepts(Table, Access) error { return nil }

// catalog returns the database of a table.
func (d duckDB) catalog(t Table) string { return cmp.Or(t.Database, d.database) }

func (d duckDB) tableColumns(beside Table, names []string) query {
	at := d.placeholders()
	schema := "current_schema()"
	if beside.Schema != "" {
		schema = "lower(" + at.value(beside.Schema) + ")"
	}
	return duckDBColumns(d.catalog(beside), "lower(table_schema) = "+schema+
		" and lower(table_name) in "+at.list(lower(names)), at)
}

func (d duckDB) schemaColumns(schemas []string) query {
	at := d.placeholders()
	return duckDBColumns(d.database, "lower(table_schema) in "+at.list(lower(schemas)), at)
}

// duckDBColumns queries the catalog of all databases, because the one of the connection's
// database does not list the attached databases.
func duckDBColumns(database, where string, at *placeholders) query {
	return query{
		columns: []string{"table_schema", "table_name", "column_name", "data_type"},
		from: "system.information_schema.columns where " + where + " and lower(table_catalog) = lower(" +
			at.value(database) + ")",
		order: "table_schema, table_name, ordinal_position", args: at.args,
	}
}

func lower(names []string) []string {
	lowered := make([]string, len(names))
	for i, name := range names {
		lowered[i] = strings.ToLower(name)
	}
	return lowered
}

func (d duckDB) selectSchema(t Table) query {
	return query{
		columns: []string{"schema_name"}, from: "system.information_schema.schemata " +
			"where lower(catalog_name) = lower($1) and lower(schema_name) = lower($2)",
		args: []any{d.catalog(t), t.Schema},
	}
}

// relation includes the database, because DuckDB refuses schema.table if a database has
// the name of the schema. The database in the file shop.duckdb is named shop.
func (d duckDB) relation(t Table) string { return d.schema(t) + "." + quote(t.Name) }

func (d duckDB) schema(t Table) string { return quote(d.catalog(t)) + "." + quote(t.Schema) }

func (d duckDB) createSchema(t Table) string { return "create schema if not exists " + d.schema(t) }

// createTable creates no index and no key, because DuckDB reads a column of a million rows
// in milliseconds, and an index would slow down every insert.
func (d duckDB) createTable(t Table, l layout) []string {
	columns := strings.Join(definitions(d, l.columns), ", ")
	return []string{"create table if not exists " + d.relation(t) + " (" + columns + ")"}
}

func (d duckDB) addColumns(f found) []string {
	statements := definitions(d, f.missing())
	for i := range statements {
		statements[i] = "alter table " + f.relation + " add column if not exists " + statements[i]
	}
	return statements
}

func (d duckDB) createView(t Table) string { return "create view if not exists " + d.relation(t) }

func (duckDB) widenCount(relation string) string { return alterCount(relation) }

// words has no guard, because DuckDB has no such block.
func (duckDB) words() words {
	return words{
		types:   [...]string{text: "varchar", timestamp: "timestamp", bigint: "bigint", integer: "integer"},
		seconds: "epoch({to} - {from})",
		time:    "'2000-01-01 00:00:00'", count: "'0'",
	}
}

// text takes a time without a zone as UTC.
func (d duckDB) text(f found, column string) string {
	return "cast(" + d.instant(f, column) + " as varchar)"
}

// instant returns the time of a column in UTC, without its zone.
func (duckDB) instant(f found, column string) string {
	if strings.HasSuffix(f.typeOf(column), "with time zone") {
		return "(" + column + " at time zone 'UTC')"
	}
	return column
}

func (d duckDB) insertRun(f found, values []*string) (string, []any) {
	at := d.placeholders()
	row := make([]string, len(values))
	for i, value := range values {
		row[i] = "cast(" + at.value(value) + " as " + d.words().types[f.layout.columns[i].kind] + ")"
	}
	return "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") select " +
		strings.Join(row, ", ") + " where not exists (select 1 from " + f.relation + " where run_id = $1)", at.args
}

// grant returns the only possible fix, because DuckDB has no rights: an attached database
// must not be read-only.
func (d duckDB) grant(_ step, t Table, _ connect.Denied) string {
	return fmt.Sprintf("remove read_only from the database %s in the profile, or set audit-table to one of another "+
		"database; see "+docs.Warehouses, d.catalog(t))
}
