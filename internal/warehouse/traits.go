package warehouse

import (
	_ "embed"
	"slices"
)

//go:embed operations.sql
var operations string

// Operations returns the dbt macros that the project needs if warehouses of this
// profile type are reached through dbt; "" if this program has a driver for them.
func Operations(profileType string) string {
	if _, ok := engines[profileType]; ok {
		return ""
	}
	return operations
}

// RollsBack says whether dbt v1 builds a model in one transaction there, so that
// a model that fails takes its audit rows with it and leaves its table as it was.
func RollsBack(profileType string) bool {
	return slices.Contains([]string{"postgres", "redshift", "duckdb"}, profileType)
}
