package warehouse

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
	duckdbdb "github.com/dbt-tally/dbt-tally/internal/warehouse/connect/duckdb"
	mysqldb "github.com/dbt-tally/dbt-tally/internal/warehouse/connect/mysql"
	postgresdb "github.com/dbt-tally/dbt-tally/internal/warehouse/connect/postgres"
	snowflakedb "github.com/dbt-tally/dbt-tally/internal/warehouse/connect/snowflake"
)

// profileType is everything that differs from one type of profile to another. A
// warehouse without a connector is reached through dbt.
type profileType struct {
	connect func(context.Context, connect.Options) (connect.Database, error)
	dialect func(Target, connect.Database) dialect
	// quiet keeps a driver from what only the process as a whole can forbid it.
	quiet func(setenv func(key, value string) error, scratch string) error

	// rollsBack means that dbt v1 builds a model in one transaction, so that a model
	// that fails takes its audit rows with it and leaves its table as it was.
	rollsBack bool
	// faults are the mistakes in a project's own hooks that the messages of this
	// warehouse give away.
	faults []tally.Fault

	// The rest is for the way through dbt.
	schema        string // that dbt builds in if the output names none
	files         bool   // the database is a file, or gone when dbt ends
	sessionSchema bool   // "select current_schema()" says where unqualified names are found
	text          string // the type of a text, if it is not dbt's own
	backslash     bool   // escapes in a literal, where others double a quote
}

var profileTypes = map[string]profileType{
	"postgres":  {connect: postgresdb.Open, dialect: newPostgres, rollsBack: true},
	"mysql":     {connect: mysqldb.Open, dialect: newMySQL, faults: noSchema},
	"mysql5":    {connect: mysqldb.Open, dialect: newMySQL, faults: noSchema},
	"mariadb":   {connect: mysqldb.Open, dialect: newMySQL, faults: noSchema},
	"snowflake": {connect: snowflakedb.Open, dialect: newSnowflake, quiet: snowflakedb.Quiet},
	// Through dbt, if only dbt can follow the profile.
	"duckdb": {
		connect: duckdbdb.Open, dialect: newDuckDB,
		rollsBack: true, schema: "main", files: true, sessionSchema: true,
	},

	"bigquery":   {backslash: true},
	"clickhouse": {backslash: true},
	"databricks": {backslash: true, sessionSchema: true},
	// Redshift's own text has 256 characters, fewer than a relation's name may have.
	"redshift": {rollsBack: true, sessionSchema: true, text: "varchar(1024)", backslash: true},
	"spark":    {backslash: true},
}

// noSchema is the fault of a hook that names the audit table alone, as the
// tutorial's does: on MySQL such a name belongs to no schema.
var noSchema = []tally.Fault{{
	Message: "No database selected",
	Reason: "its hook names a table without its schema, and dbt-mysql selects none: " +
		"write {{ target.schema }}.dbt_audit_log",
}}

// missing is how the warehouses word that a relation is not there, in lower case.
// They are so few that none of them is another warehouse's word for something else.
var missing = []string{"does not exist", "doesn't exist", "not found", "not_found", "cannot be found"}

//go:embed operations.sql
var operations string

//go:embed statements.sql
var statements string

// RollsBack says whether dbt v1 builds a model in one transaction there, so that
// a model that fails takes its audit rows with it and leaves its table as it was.
func RollsBack(typeName string) bool { return profileTypes[typeName].rollsBack }

// Words returns what the tally has to know of the warehouse's messages.
func Words(typeName string) tally.Words {
	return tally.Words{Missing: missing, HookFaults: profileTypes[typeName].faults}
}

// Quiet keeps the driver of this profile type from writing anything of its own and
// from looking for the cloud that it runs in. It changes the process as a whole, its
// environment by setenv, so the program calls it once, before Open. The folder
// scratch is where a driver may leave files.
func Quiet(typeName string, setenv func(key, value string) error, scratch string) error {
	quiet := profileTypes[typeName].quiet
	if quiet == nil {
		return nil
	}
	if err := quiet(setenv, scratch); err != nil {
		return fmt.Errorf("settings of the %s driver: %w", typeName, err)
	}
	return nil
}

// Target is the chosen output of profiles.yml, rendered.
type Target struct {
	Type     string
	Settings map[string]any // strings, numbers and booleans as YAML gave them
	Dir      string         // relative paths among the settings are relative to it
	Quoted   []string       // the settings whose values dbt writes in quotes: "database", "schema"
}

// Database is the database that dbt builds in, by the name that the adapter has
// for it; "" if the output names none.
func (t Target) Database() string {
	return t.text("database", "dbname", "project", "catalog")
}

// Schema is the schema that dbt builds in: what the output says or, on DuckDB,
// dbt's default. "" if there is none.
func (t Target) Schema() string {
	if schema := t.text("schema", "dataset"); schema != "" {
		return schema
	}
	return profileTypes[t.Type].schema
}

// forgets says whether a table is in a database that is gone when dbt ends.
func (t Target) forgets(table Table) bool {
	path, database := t.text("path"), cmp.Or(table.Database, t.Database())
	inMemory := profileTypes[t.Type].files && (path == "" || strings.HasPrefix(path, ":memory:"))
	return inMemory && (database == "" || database == "memory")
}

func (t Target) settings() connect.Settings { return connect.Settings{Values: t.Settings, Dir: t.Dir} }

// text returns the first of the settings that is there, as text.
func (t Target) text(names ...string) string { return t.settings().Text(names...) }
