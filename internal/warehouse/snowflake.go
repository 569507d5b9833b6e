package warehouse

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strings"

	driver "github.com/snowflakedb/gosnowflake"
)

// snowflake is Snowflake, whatever the cloud. The names of tables that it is given
// are the catalog's own, see exact.
type snowflake struct {
	role     string   // the profile's; without one the user's default role counts
	database string   // the profile's, where names without a database are found
	verbatim []string // names of the profile that dbt quotes
}

// openSnowflake takes the settings of dbt-snowflake.
func openSnowflake(o Options) (engine, error) {
	db, err := openSnowflakeDB(o)
	if err != nil {
		return nil, err
	}
	s := snowflake{role: o.Target.setting("role")}
	for _, setting := range o.Target.Quoted {
		s.verbatim = append(s.verbatim, o.Target.setting(setting))
	}
	s.database = s.exact(o.Target.setting("database"))
	table := Table{Database: s.exact(o.Table.Database), Schema: s.exact(o.Table.Schema), Name: s.exact(o.Table.Name)}
	return &sqlEngine{db: db, table: table, access: o.Access, dialect: s}, nil
}

// session has nothing to say: what a session is told at its login lasts, and no
// statement here depends on what it may be set to.
func (s snowflake) session() (string, []any) { return "", nil }

// plainName is a name that need not be quoted.
var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*$`)

// exact does as Snowflake does: a plain name is in upper case, unless it is quoted.
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

// reaches is true of all databases: whether there is one, and whether the role may
// use it, Snowflake says itself.
func (s snowflake) reaches(Table) error { return nil }

// catalog is a view of the information schema, of the table's database.
func (s snowflake) catalog(t Table, view string) string {
	database := cmp.Or(t.Database, s.database)
	if database == "" {
		return "information_schema." + view
	}
	return quote(database) + ".information_schema." + view
}

func (s snowflake) find(t Table) (string, []any) {
	schema, args := "current_schema()", []any{t.Name}
	if t.Schema != "" {
		schema, args = "?", []any{t.Schema, t.Name}
	}
	return `select table_schema, table_name, column_name, data_type || coalesce('(' || numeric_precision || ',' || numeric_scale || ')', '')
from ` + s.catalog(t, "columns") + ` where table_schema = ` + schema + ` and table_name = ? order by ordinal_position`, args
}

func (s snowflake) findSchema(t Table) (string, []any) {
	return "select count(*) > 0 from " + s.catalog(t, "schemata") + " where schema_name = ?", []any{t.Schema}
}

// relation names the database too: a model's hook may have left the session in
// another.
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

// createTable makes a table as lasting as its schema: permanent, but for a
// transient schema. dbt makes its own transient, for it can build them again. There
// is no index in Snowflake, and a primary key would not be held to.
func (s snowflake) createTable(t Table, l layout) []string {
	columns := make([]string, len(l.columns))
	for i, d := range l.columns {
		columns[i] = d.name + " " + s.typeName(d.kind)
	}
	return []string{"create table if not exists " + s.relation(t) + " (" + strings.Join(columns, ", ") + ")"}
}

func (s snowflake) addColumns(f found) []string {
	var statements []string
	for _, d := range f.missing() {
		statements = append(statements, "alter table "+f.relation+" add column if not exists "+d.name+" "+s.typeName(d.kind))
	}
	return statements
}

func (s snowflake) typeName(k kind) string {
	return [...]string{text: "string", timestamp: "timestamp_ntz", bigint: "bigint", integer: "integer"}[k]
}

func (s snowflake) widenCount(relation string) string {
	return "alter table " + relation + " alter column row_count set data type number(38, 0)"
}

// objectExists is Snowflake's code for what somebody else has just made.
const objectExists = 2002

func (s snowflake) raced(err error) bool {
	var refused *driver.SnowflakeError
	return errors.As(err, &refused) && refused.Number == objectExists
}

// guard is the block that keeps a failing insert of a hook from its model. What it
// returns is null, or why the insert failed.
func (s snowflake) guard() string {
	return "execute immediate $$ begin {}; exception when other then return sqlerrm; end; $$"
}

func (s snowflake) insertProof(f found) string {
	return proofOf(f, s.instant("'2000-01-01 00:00:00.000000'"), "0")
}
