package warehouse

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// snowflake is the SQL of Snowflake on any cloud. Its methods take table names in the
// catalog's form; see exact.
type snowflake struct {
	role     string   // the profile's; if it has none, the user's default role applies
	database string   // the profile's; names without a database refer to it
	verbatim []string // names of the profile that dbt quotes
}

func newSnowflake(t Target, db connect.Database) dialect {
	s := snowflake{role: t.text("role")}
	for _, setting := range t.Quoted {
		s.verbatim = append(s.verbatim, t.text(setting))
	}
	s.database = s.exact(db.Name)
	return s
}

// placeholders writes a time as text, whose meaning no setting of the session changes.
func (snowflake) placeholders() *placeholders {
	return &placeholders{time: "to_timestamp_ntz(%s, 'YYYY-MM-DD HH24:MI:SS.FF6')"}
}

// session is empty: the settings of a login last for the session, and no statement here
// depends on them.
func (s snowflake) session() (string, []any) { return "", nil }

// plainName matches a name that does not need quotes.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*$`)

// exact follows Snowflake: a plain name is in upper case, unless it is quoted.
func (s snowflake) exact(name string) string {
	if slices.Contains(s.verbatim, name) {
		return name
	}
	inner, quoted := strings.CutPrefix(name, `"`)
	if inner, closed := strings.CutSuffix(inner, `"`); quoted && closed {
		return strings.ReplaceAll(inner, `""`, `"`)
	}
	if plainName.MatchString(name) {
		return strings.ToUpper(name)
	}
	return name
}

// reaches accepts all databases. Snowflake itself reports whether one exists and whether
// the role may use it.
func (s snowflake) reaches(Table) error { return nil }

// fits accepts every name, because Snowflake refuses a name that is too long and does not
// truncate it.
func (s snowflake) fits(Table) error { return nil }

// catalog returns a view of the information schema in the table's database.
func (s snowflake) catalog(t Table, view string) string {
	database := cmp.Or(t.Database, s.database)
	if database == "" {
		return "information_schema." + view
	}
	return quote(database) + ".information_schema." + view
}

func (s snowflake) selectColumns(t Table) (string, []any) {
	schema, args := "current_schema()", []any{t.Name}
	if t.Schema != "" {
		schema, args = "?", []any{t.Schema, t.Name}
	}
	return `select table_schema, table_name, column_name,
	data_type || coalesce('(' || numeric_precision || ',' || numeric_scale || ')', '')
from ` + s.catalog(t, "columns") + `
where table_schema = ` + schema + ` and table_name = ? order by ordinal_position`, args
}

// catalogColumns compares the schemas in upper case, because dbt by default writes names
// without quotes.
func (s snowflake) catalogColumns(schemas []string) (string, []any) {
	at := s.placeholders()
	for i, schema := range schemas {
		schemas[i] = strings.ToUpper(schema)
	}
	return `select table_schema, table_name, column_name, data_type ||
	coalesce('(' || numeric_precision || ',' || numeric_scale || ')', '(' || character_maximum_length || ')', '')
from ` + s.catalog(Table{}, "columns") + `
where upper(table_schema) in ` + at.list(schemas) + ` order by table_schema, table_name, ordinal_position`, at.args
}

func (s snowflake) selectSchema(t Table) (string, []any) {
	return "select count(*) > 0 from " + s.catalog(t, "schemata") + " where schema_name = ?", []any{t.Schema}
}

// relation includes the database, because a model's hook may have switched the session to
// another one.
func (s snowflake) relation(t Table) string { return s.schema(t) + "." + quote(t.Name) }

func (s snowflake) schema(t Table) string {
	database := cmp.Or(t.Database, s.database)
	if database == "" {
		return quote(t.Schema)
	}
	return quote(database) + "." + quote(t.Schema)
}

func (s snowflake) createSchema(t Table) string {
	return "create schema if not exists " + s.schema(t)
}

// createTable makes the table permanent, unless the schema is transient. dbt makes its
// own tables transient, because it can rebuild them. Snowflake has no indexes and does
// not enforce primary keys.
func (s snowflake) createTable(t Table, l layout) []string {
	columns := strings.Join(each(l.columns, s.column), ", ")
	return []string{"create table if not exists " + s.relation(t) + " (" + columns + ")"}
}

func (s snowflake) addColumns(f found) []string {
	return each(f.missing(), func(d definition) string {
		return "alter table " + f.relation + " add column if not exists " + s.column(d)
	})
}

func (s snowflake) createView(t Table) string { return "create view if not exists " + s.relation(t) }

func (snowflake) secondsBetween(from, to string) string {
	return "datediff('millisecond', " + from + ", " + to + ") / 1000"
}

func (s snowflake) column(d definition) string { return d.name + " " + s.typeName(d.kind) }

func (s snowflake) typeName(k kind) string {
	return [...]string{text: "string", timestamp: "timestamp_ntz", bigint: "bigint", integer: "integer"}[k]
}

func (s snowflake) widenCount(relation string) string {
	return "alter table " + relation + " alter column row_count set data type number(38, 0)"
}

// guard returns the block that prevents a failing insert from failing its model. The
// block returns null, or the reason for the failure.
func (s snowflake) guard() string {
	return "execute immediate $$ begin {}; exception when other then return sqlerrm; end; $$"
}

func (s snowflake) insertProof(f found) string {
	return proofOf(f, s.instant("'2000-01-01 00:00:00.000000'"), "0")
}

// instant returns the UTC time of an expression with sqlTime's text, for a column of any
// timestamp type, because the session's settings may change the format and the zone of
// times.
func (s snowflake) instant(expression string) string {
	return "to_timestamp_tz(" + expression + " || ' +0000', 'YYYY-MM-DD HH24:MI:SS.FF6 TZHTZM')"
}

// texts returns the columns as text, with a time without a zone as UTC.
func (s snowflake) texts(f found, columns []string) string {
	return f.values(columns, func(name, typ string) string {
		if strings.HasPrefix(typ, "timestamp") {
			return "to_varchar(" + s.utc(f, name) + ", 'YYYY-MM-DD HH24:MI:SS.FF6')"
		}
		return name + "::string"
	})
}

// utc returns the time of a column without its zone, for comparisons.
func (s snowflake) utc(f found, column string) string {
	switch f.typeOf(column) {
	case "timestamp_ntz":
		return column
	case "timestamp_ltz", "timestamp_tz":
		return "convert_timezone('UTC', " + column + ")::timestamp_ntz"
	default:
		return column + "::timestamp_ntz"
	}
}

// insertRun casts each value, because an insert from a query does not convert text to
// numbers.
func (s snowflake) insertRun(f found, values []*string) (string, []any) {
	at := s.placeholders()
	row := make([]string, len(values))
	for i, value := range values {
		if kind := f.layout.columns[i].kind; kind == timestamp {
			row[i] = fmt.Sprintf(at.time, at.value(value))
		} else {
			row[i] = "cast(" + at.value(value) + " as " + s.typeName(kind) + ")"
		}
	}
	return "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") select " +
		strings.Join(row, ", ") + " from (select 1 as one) where not exists (select 1 from " + f.relation +
		" where run_id = " + at.value(values[0]) + ")", at.args
}

func (s snowflake) selectRows(f found, runs []string) (string, []any) {
	at := s.placeholders()
	return "select " + s.texts(f, recordColumns) + " from " + f.relation + " where run_id in " + at.list(runs), at.args
}

// selectNewest takes the phase from the name, where all hooks write it in the same form.
func (s snowflake) selectNewest(f found, since, before time.Time, exclude []string) (string, []any) {
	at, written := s.placeholders(), s.utc(f, "execution_time")
	return "select " + s.texts(f, recordColumns) + " from " + f.relation + `
where ` + written + " >= " + at.at(since) + " and " + written + " < " + at.at(before) +
		" and run_id not in " + at.list(exclude) + `
	and model_name ilike '% - after' and row_count is not null
qualify row_number() over (partition by ` + f.node() + " order by execution_time desc) = 1", at.args
}

func (s snowflake) selectRuns(f found, filter runFilter) (string, []any) {
	at := s.placeholders()
	return "select " + s.texts(f, f.layout.names()) + " from " + f.relation + " where " + at.where(filter) +
		fmt.Sprintf(" order by completed_at desc limit %d", filter.limit), at.args
}

func (s snowflake) countOlder(f found, column string, than time.Time) (string, []any) {
	at := s.placeholders()
	return "select run_id::string, count(*)::string from " + f.relation + " where " + s.utc(f, column) +
		" < " + at.at(than) + " and run_id is not null group by run_id", at.args
}

func (s snowflake) deleteOlder(f found, column string, than time.Time, runs []string) (string, []any) {
	at := s.placeholders()
	return "delete from " + f.relation + " where " + s.utc(f, column) + " < " + at.at(than) +
		" and run_id in " + at.list(runs), at.args
}

// grant returns the statement that the owner must run.
func (s snowflake) grant(step step, t Table, _ connect.Denied) string {
	rights, on := step.rights(), "table "+s.relation(t)
	switch step {
	case creatingSchema:
		rights, on = "usage, create schema", "database "+quote(cmp.Or(t.Database, s.database))
	case creatingTable:
		rights, on = "usage, create table", "schema "+s.schema(t)
	case creatingView:
		rights, on = "usage, create view", "schema "+s.schema(t)
	case addingColumns:
		rights = "ownership" // no lesser right allows alter table
	}
	return "grant " + rights + " on " + on + " to role " + cmp.Or(s.role, "… (the user's default role)") +
		"; see " + docs.Warehouses
}
