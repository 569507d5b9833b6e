package warehouse

import "slices"

// Direct says whether warehouses of this profile type are reached by a driver in
// this program; all others are reached through dbt.
func Direct(profileType string) bool {
	_, ok := engines[profileType]
	return ok
}

// RollsBack says whether dbt v1 builds a model in one transaction there, so that
// a model that fails takes its audit rows with it and leaves its table as it was.
func RollsBack(profileType string) bool {
	return slices.Contains([]string{"postgres", "redshift", "duckdb"}, profileType)
}
