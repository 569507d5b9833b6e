package warehouse

import "fmt"

// Target is the chosen output of profiles.yml, rendered.
type Target struct {
	Type     string
	Settings map[string]any // strings, numbers and booleans as YAML gave them
	Dir      string         // relative paths among the settings are relative to it
	Quoted   []string       // the settings whose values dbt writes in quotes: "database", "schema"
}

// Database is the database that dbt builds in, by the name that the adapter has
// for it; "" where the output names none.
func (t Target) Database() string {
	return t.setting("database", "dbname", "project", "catalog")
}

// Schema is the schema that dbt builds in: what the output says or, on DuckDB,
// dbt's default. "" where there is none.
func (t Target) Schema() string {
	schema := t.setting("schema", "dataset")
	if schema == "" && t.Type == "duckdb" {
		return "main"
	}
	return schema
}

// setting returns the first of the settings that is there, as text.
func (t Target) setting(names ...string) string {
	for _, name := range names {
		if value, ok := t.Settings[name]; ok && value != nil {
			return fmt.Sprint(value)
		}
	}
	return ""
}
