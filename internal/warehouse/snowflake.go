package warehouse

import "cmp"

// snowflake is Snowflake, whatever the cloud. The names that it is given are the
// catalog's own.
type snowflake struct {
	role     string // the profile's; without one the user's default role counts
	database string // the profile's, where names without a database are found
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
