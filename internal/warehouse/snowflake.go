package warehouse

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

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

// accepts takes everything. Snowflake itself reports whether a database exists and
// whether the role may use it, and refuses a name that is too long.
func (snowflake) accepts(Table, Access) error { return nil }

// catalog returns a view of the information schema in the table's database.
func (s snowflake) catalog(t Table, view string) string {
	database := cmp.Or(t.Database, s.database)
	if database == "" {
		return "information_schema." + view
	}
	return quote(database) + ".information_schema." + view
}

func (s snowflake) tableColumns(beside Table, names []string) query {
	at := s.placeholders()
	schema := "current_schema()"
	if beside.Schema != "" {
		schema = at.value(beside.Schema)
	}
	return query{
		columns: []string{
			"table_schema", "table_name", "column_name",
			"data_type || coalesce('(' || numeric_precision || ',' || numeric_scale || ')', '')",
		},
		from: s.catalog(beside, "columns") + " where table_schema = " + schema + " and table_name in " +
			at.list(names),
		order: "table_name, ordinal_position", args: at.args,
	}
}

// schemaColumns compares the schemas in upper case, because dbt by default writes names
// without quotes.
func (s snowflake) schemaColumns(schemas []string) query {
	at, upper := s.placeholders(), make([]string, len(schemas))
	for i, schema := range schemas {
		upper[i] = strings.ToUpper(schema)
	}
	return query{
		columns: []string{
			"table_schema", "table_name", "column_name", "data_type || coalesce('(' || numeric_precision || ',' || " +
				"numeric_scale || ')', '(' || character_maximum_length || ')', '')",
		},
		from:  s.catalog(Table{}, "columns") + " where upper(table_schema) in " + at.list(upper),
		order: "table_schema, table_name, ordinal_position", args: at.args,
	}
}

func (s snowflake) selectSchema(t Table) query {
	return query{
		columns: []string{"schema_name"},
		from:    s.catalog(t, "schemata") + " where schema_name = ?", args: []any{t.Schema},
	}
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
	columns := strings.Join(definitions(s, l.columns), ", ")
	return []string{"create table if not exists " + s.relation(t) + " (" + columns + ")"}
}

func (s snowflake) addColumns(f found) []string {
	statements := definitions(s, f.missing())
	for i := range statements {
		statements[i] = "alter table " + f.relation + " add column if not exists " + statements[i]
	}
	return statements
}

func (s snowflake) createView(t Table) string { return "create view if not exists " + s.relation(t) }

func (s snowflake) widenCount(relation string) string {
	return "alter table " + relation + " alter column row_count set data type number(38, 0)"
}

// words has a guard: the block returns null, or the reason for the failure. The time is in
// a form that no setting of the session changes.
func (snowflake) words() words {
	return words{
		types:   [...]string{text: "string", timestamp: "timestamp_ntz", bigint: "bigint", integer: "integer"},
		seconds: "datediff('millisecond', {from}, {to}) / 1000",
		time:    "to_timestamp_tz('2000-01-01 00:00:00.000000 +0000', 'YYYY-MM-DD HH24:MI:SS.FF6 TZHTZM')",
		count:   "0",
		guard:   "execute immediate $$ begin {}; exception when other then return sqlerrm; end; $$",
	}
}

// text takes a time without a zone as UTC.
func (s snowflake) text(f found, column string) string {
	if strings.HasPrefix(f.typeOf(column), "timestamp") {
		return "to_varchar(" + s.instant(f, column) + ", 'YYYY-MM-DD HH24:MI:SS.FF6')"
	}
	return column + "::string"
}

// instant returns the time of a column without its zone.
func (snowflake) instant(f found, column string) string {
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
			row[i] = "cast(" + at.value(value) + " as " + s.words().types[kind] + ")"
		}
	}
	return "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") select " +
		strings.Join(row, ", ") + " from (select 1 as one) where not exists (select 1 from " + f.relation +
		" where run_id = " + at.value(values[0]) + ")", at.args
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
