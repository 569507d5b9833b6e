package warehouse

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
	duckdbdb "github.com/dbt-tally/dbt-tally/internal/warehouse/connect/duckdb"
	mysqldb "github.com/dbt-tally/dbt-tally/internal/warehouse/connect/mysql"
	postgresdb "github.com/dbt-tally/dbt-tally/internal/warehouse/connect/postgres"
	snowflakedb "github.com/dbt-tally/dbt-tally/internal/warehouse/connect/snowflake"
)

// profileType contains all differences between the types of profiles. A warehouse without
// a connector is reached through dbt.
type profileType struct {
	connect func(context.Context, connect.Options) (connect.Database, error)
	dialect func(Target, connect.Database) dialect
	// quiet turns off a driver's side effects that are set for the process as a whole.
	quiet func(setenv func(key, value string) error, scratch string) error

	// rollsBack means that dbt v1 builds a model in one transaction: a model that fails
	// takes its audit rows with it and leaves its table unchanged.
	rollsBack bool
	// capture is a source of a column "one". Selecting from it fails if the warehouse lacks
	// what the hooks need to find out what a model wrote; "": that need not be tested.
	capture string
	// faults are the mistakes in a project's own hooks that this warehouse's messages
	// reveal.
	faults []tally.Fault

	// The remaining fields are used only through dbt.
	schema        string // the schema in which dbt builds if the output names none
	files         bool   // the database is a file, or does not outlive dbt
	sessionSchema bool   // "select current_schema()" returns the schema of unqualified names
	text          string // the type of a text, if it differs from dbt's
	backslash     bool   // escapes in a literal; elsewhere a quote is doubled
	catalog       catalog
}

// catalog is the view of a warehouse that lists the columns of all relations of a schema,
// as the standard defines information_schema.columns. Without one, the columns of each
// relation are read by a statement of their own.
type catalog struct {
	Source string `json:"source"` // "{database}" and "{schema}" are replaced
	Type   string `json:"type"`   // the expression for a type with its length or precision
}

var profileTypes = map[string]profileType{
	"postgres":  {connect: postgresdb.Open, dialect: newPostgres, rollsBack: true},
	"mysql":     {connect: mysqldb.Open, dialect: newMySQL, faults: noSchema},
	"mysql5":    {connect: mysqldb.Open, dialect: newMySQL, faults: noSchema},
	"mariadb":   {connect: mysqldb.Open, dialect: newMySQL, faults: noSchema},
	"snowflake": {connect: snowflakedb.Open, dialect: newSnowflake, quiet: snowflakedb.Quiet, backslash: true},
	// Through dbt, if only dbt can use the profile.
	"duckdb": {
		connect: duckdbdb.Open, dialect: newDuckDB,
		rollsBack: true, schema: "main", files: true, sessionSchema: true,
		capture: "query('select 1 as one')", // since DuckDB 1.1
		// The view of one database does not list those that are attached.
		catalog: catalog{"system.information_schema.columns", "data_type"},
	},

	"bigquery": {
		backslash: true,
		catalog:   catalog{"`{database}`.`{schema}`.INFORMATION_SCHEMA.COLUMNS", "data_type"},
	},
	"clickhouse": {backslash: true, catalog: catalog{"information_schema.columns", "data_type"}},
	"databricks": {backslash: true, sessionSchema: true},
	// Redshift's own text has 256 characters, fewer than a relation's name may have.
	"redshift": {
		rollsBack: true, sessionSchema: true, text: "varchar(1024)", backslash: true,
		catalog: catalog{
			"information_schema.columns",
			"case when character_maximum_length is not null " +
				"then data_type || '(' || cast(character_maximum_length as varchar) || ')' " +
				"when data_type = 'numeric' then data_type || '(' || cast(numeric_precision as varchar) || ',' || " +
				"cast(numeric_scale as varchar) || ')' else data_type end",
		},
	},
	"spark": {backslash: true},
}

// noSchema is the fault of a hook that names the audit table without a schema, as the
// tutorial's does: MySQL then finds no table.
var noSchema = []tally.Fault{{
	Message: "No database selected",
	Reason: "its hook names a table without its schema, and dbt-mysql selects none: " +
		"write {{ target.schema }}.dbt_audit_log",
}}

// missing lists the phrases with which warehouses report a relation that does not exist,
// in lower case. No warehouse uses one of them for anything else.
var missing = []string{"does not exist", "doesn't exist", "not found", "not_found", "cannot be found"}

//go:embed operations.sql
var operations string

//go:embed nodes.sql
var nodes string

//go:embed statements.sql
var statements string

//go:embed installed.sql
var installed string

// RollsBack reports whether dbt v1 builds a model in one transaction there: a model that
// fails takes its audit rows with it and leaves its table unchanged.
func RollsBack(typeName string) bool { return profileTypes[typeName].rollsBack }

// Words returns the warehouse's messages that package tally interprets.
func Words(typeName string) tally.Words {
	return tally.Words{Missing: missing, HookFaults: profileTypes[typeName].faults}
}

// setup returns the data that the macros need from Go: the layouts of the tables and the
// peculiarities of the warehouse.
func (p profileType) setup() map[string]any {
	type column struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
	columns := func(all []definition) []column {
		named := make([]column, len(all))
		for i, d := range all {
			named[i] = column{Name: d.name, Kind: d.kind.String()}
		}
		return named
	}
	return map[string]any{
		"tutorial": columns(auditLayout.columns[:auditLayout.first]),
		"more":     columns(auditLayout.columns[auditLayout.first:]),
		"run":      columns(runLayout.columns), "run_first": runLayout.first,
		"node":        columns(nodeLayout.columns),
		"lists":       columns(columnsLayout.columns),
		"history":     historySQL,
		"row_columns": recordColumns, "proof": proof,
		"text_type": p.text, "backslash": p.backslash, "session_schema": p.sessionSchema,
		"catalog": p.catalog,
	}
}

// InstalledOperations returns the dbt macros for a project whose dbt this program does not
// start. They contain what the other operations get from Go, for every type of profile.
func InstalledOperations() string {
	literal := func(value any) string {
		text, err := json.Marshal(value, json.Deterministic(true), jsontext.WithIndent("  "))
		if err != nil {
			panic(err) // our own tables
		}
		return string(text)
	}
	own := map[string]any{}
	for name, kind := range profileTypes {
		own[name] = map[string]any{
			"text_type": kind.text, "backslash": kind.backslash, "session_schema": kind.sessionSchema,
			"catalog": kind.catalog,
		}
	}
	return strings.Join([]string{
		installed, operations, nodes, statements,
		"{% macro dbt_tally_setup() %}\n" +
			"  {%- set setup = " + literal(profileType{}.setup()) + " -%}\n" +
			"  {%- do setup.update(" + literal(own) + ".get(target.type, {})) -%}\n" +
			"  {{ return(setup) }}\n{% endmacro %}\n",
	}, "\n")
}

// Quiet stops the driver of this profile type from writing its own files or messages
// and from looking for the cloud in which it runs. It changes the whole process,
// including its environment (through setenv), so the program calls it once, before Open.
// A driver may create files in the directory scratch.
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
	Settings map[string]any // strings, numbers and booleans as parsed from YAML
	Dir      string         // base directory of relative paths in the settings
	Quoted   []string       // the settings whose values dbt quotes: "database", "schema"
}

// Database returns the database in which dbt builds, from the adapter's setting for it,
// or "" if the output names none.
func (t Target) Database() string {
	return t.text("database", "dbname", "project", "catalog")
}

// Schema returns the schema in which dbt builds: that of the output or, on DuckDB, dbt's
// default. It returns "" if there is none.
func (t Target) Schema() string {
	if schema := t.text("schema", "dataset"); schema != "" {
		return schema
	}
	return profileTypes[t.Type].schema
}

// forgets reports whether a table's database disappears when dbt ends.
func (t Target) forgets(table Table) bool {
	path, database := t.text("path"), cmp.Or(table.Database, t.Database())
	inMemory := profileTypes[t.Type].files && (path == "" || strings.HasPrefix(path, ":memory:"))
	return inMemory && (database == "" || database == "memory")
}

func (t Target) settings() connect.Settings { return connect.Settings{Values: t.Settings, Dir: t.Dir} }

// text returns the first of the named settings that exists, as text.
func (t Target) text(names ...string) string { return t.settings().Text(names...) }
