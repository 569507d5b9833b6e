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

	// Directories, since files are moved and cut.
	longLines = []string{
		".",
		"bench",
		"internal/app",
		"internal/ci/github",
		"internal/config",
		"internal/dbt",
		"internal/internaltest/certificates",
		"internal/internaltest/emulate",
		"internal/internaltest/fakegithub",
		"internal/internaltest/fakesnow",
		"internal/internaltest/fakesnowflake",
		"internal/internaltest/mysql",
		"internal/internaltest/postgres",
		"internal/stories",
		"internal/surface",
		"internal/tally",
		"internal/workspace",
		"scripts/e2e",
	}
)
