package bench

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// BenchmarkRows compares dbt-tally with plain dbt on an incremental model that appends
// 1,000 rows to larger and larger tables, because the cost must not grow with the table.
func BenchmarkRows(b *testing.B) {
	eachSize(b, fmt.Sprintf("1,000 rows appended to a table, dbt %s, PostgreSQL", *dbtVersion), "rows", *tableSizes, appended)
}

func appended(b *testing.B, program string, rows int) []paired {
	b.Helper()
	db := postgres.New(b)
	plain, tally := newProject(b, db, "plain", "", 1), newProject(b, db, "tally", "", 1)
	tally.binary = program
	projects := []*project{tally, plain}
	for _, p := range projects {
		write(b, filepath.Join(p.cli.ProjectDir, "models", model(0)+".sql"), fmt.Sprintf(
			"{{ config(materialized='incremental', incremental_strategy='append') }}\n"+
				"select i as id, now() as at, md5(i::text) as value from generate_series(1, {{ 1000 if is_incremental() else %d }}) as i\n", rows))
		p.warmUp(b) // of the builds, the second counts the table, and the others may not need to
		p.onlyRebuild = true
	}
	db.Exec(b, "vacuum analyze")
	limits := func() []paired {
		what := fmt.Sprintf("%d rows, dbt-tally ÷ plain, time of the run", rows)
		return []paired{{what, tally.rebuilt.run, plain.rebuilt.run, 1.10}}
	}
	for b.Loop() {
		measureUntilDecided(b, projects, limits)
	}
	counted := db.Query(b, "select count(*) from tally."+model(0))[0][0]
	last := db.Query(b, "select row_count, count_source from audit.dbt_audit_log where phase = 'after' order by execution_time desc limit 1")[0]
	source := map[bool]string{false: "derived", true: "carried"}[rows >= 1_000_000]
	if last[0] != counted || last[1] != source {
		b.Fatalf("%s rows after the last build, to be %s; dbt-tally says %q", counted, source, last)
	}
	return limits()
}
