//go:build unix

package faults

import (
	"os"
	"strings"
)

var faultsOfDuckDB = []fault{
	{
		where: "DuckDB", what: "another process has the file open, for a moment", comments: 1,
		dbt: "1.11",
		inject: func(w *world) {
			w.onDuckDB()
			w.run()
			w.openDuckDB(3)
			w.write("project/profiles.yml", strings.ReplaceAll(w.read("project/profiles.yml"),
				"path: shop.duckdb", "path: shop.duckdb\n      retries: {connect_attempts: 5}"))
		},
	},
	{
		where: "DuckDB", what: "the file is not a database", exit: 2, comments: 1,
		lost: "the counts of this run",
		idle: true,
		dbt:  "1.11",
		inject: func(w *world) {
			w.onDuckDB()
			w.write("project/shop.duckdb", "not a database at all, but long enough to be read as one")
		},
	},
	{
		where: "DuckDB", what: "the audit table is dropped while dbt runs", comments: 1,
		said: "could not be read",
		lost: "the counts of this run",
		dbt:  "1.11",
		inject: func(w *world) {
			w.onDuckDB()
			w.then(func() { w.sqlDuckDB("drop table dbt_audit.dbt_audit_log") })
		},
	},
	{
		where: "DuckDB", what: "the file is removed while dbt runs", comments: 1,
		said: "could not be read",
		lost: "the counts of this run",
		dbt:  "1.11",
		inject: func(w *world) {
			w.onDuckDB()
			w.then(func() { os.Remove(w.path("project/shop.duckdb")) })
		},
	},
	{
		where: "DuckDB", what: "another process opens the file after dbt, for a moment", comments: 1,
		dbt: "1.11",
		inject: func(w *world) {
			w.onDuckDB()
			w.then(func() { w.openDuckDB(3) })
		},
	},
}
