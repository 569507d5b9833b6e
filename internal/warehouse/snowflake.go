package warehouse

import "cmp"

// snowflake is Snowflake.
type snowflake struct {
	role     string // the profile's; the user's default role counts where it has none
	database string
	schema   string // the profile's, where unqualified names are found
}

// grant is the statement that an administrator has to run.
func (s snowflake) grant(step step, t Table) string {
	to := " to role " + cmp.Or(s.role, "<the user's>")
	database := cmp.Or(t.Database, s.database)
	schema := database + "." + cmp.Or(t.Schema, s.schema)
	table := schema + "." + t.Name
	switch step {
	case creatingSchema:
		return "grant usage, create schema on database " + database + to
	case creatingTable:
		return "grant usage, create table on schema " + schema + to
	case addingColumns:
		return "grant ownership on table " + table + to + " copy current grants"
	case inserting:
		return "grant insert on table " + table + to
	case recording:
		return "grant select, insert on table " + table + to
	case deleting:
		return "grant select, delete on table " + table + to
	default:
		return "grant usage on schema " + schema + to + "; grant select on table " + table + to
	}
}
