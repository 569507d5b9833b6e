package main

// What does not keep the rules of house_test.go and invariants_test.go yet. Whoever
// brings one of these in order takes it from its list; nothing is added.
var (
	importsAnSDK  []string
	longFiles     []string
	longFunctions []string
	widePackages  []string

	// The dialects have a method for each statement.
	wideTypes = []string{
		"internal/warehouse.duckDB",
		"internal/warehouse.mysql",
		"internal/warehouse.postgres",
		"internal/warehouse.snowflake",
	}

	wideStructs = []string{"internal/ci.Event", "internal/tally.Run"}

	longLines []string
)
