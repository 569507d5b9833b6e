package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// duckDBModels is small, because on DuckDB the start of dbt is most of a run.
const duckDBModels = 30

// BenchmarkDuckDB compares builds of trivial tables by plain dbt and by dbt-tally, each
// on a DuckDB file, in turns. The file is new before each first build, so dbt-tally
// creates its tables in it too.
func BenchmarkDuckDB(b *testing.B) {
	plain, tally := newDuckDBProject(b, "plain"), newDuckDBProject(b, "tally")
	tally.binary = binary(b)
	projects := []*project{tally, plain}
	for _, p := range projects {
		p.warmUp(b)
	}
	first := func() []paired { return duckDBLimits(tally.first, plain.first) }
	rebuilt := func() []paired { return duckDBLimits(tally.rebuilt, plain.rebuilt) }
	for b.Loop() {
		measureUntilDecided(b, projects, func() []paired { return append(first(), rebuilt()...) })
	}
	t := newTable(fmt.Sprintf("%d tables, dbt %s, DuckDB, medians of %d rounds", duckDBModels, *dbtVersion, len(plain.first.run)))
	t.compareDuckDB("first built", plain.first, tally.first)
	t.ratios(first())
	t.compareDuckDB("rebuilt", plain.rebuilt, tally.rebuilt)
	t.ratios(rebuilt())
	t.print(b)
}

func duckDBLimits(tally, plain costs) []paired {
	return []paired{
		{"dbt-tally ÷ plain, time of the run", tally.run, plain.run, 1.10},
		{"dbt-tally ÷ plain, time of the process", tally.process, plain.process, 1.15},
		{"dbt-tally ÷ plain, CPU", tally.cpu, plain.cpu, 1.15},
	}
}

func (t *table) compareDuckDB(kind string, plain, tally costs) {
	t.line(kind, "time of the run", "time of the process", "CPU of the process", "statements per model")
	for _, c := range []struct {
		name string
		costs
	}{{"plain dbt", plain}, {"within dbt-tally", tally}} {
		t.line("  "+c.name, fmt.Sprintf("%.2f s", median(c.run)), fmt.Sprintf("%.2f s", median(c.process)),
			fmt.Sprintf("%.2f s", median(c.cpu)), fmt.Sprintf("%.2f", c.statements))
	}
}

func newDuckDBProject(tb testing.TB, name string) *project {
	tb.Helper()
	p := newFolder(tb, name, "", duckDBModels)
	dir := p.cli.ProjectDir
	writeJSON(tb, filepath.Join(dir, "profiles.yml"), object{"bench": object{
		"target": "ci", "outputs": object{"ci": object{"type": "duckdb", "path": "bench.duckdb", "threads": 4}},
	}})
	p.empty = func(tb testing.TB) {
		tb.Helper()
		for _, suffix := range []string{"", ".wal"} {
			if err := os.RemoveAll(filepath.Join(dir, "bench.duckdb"+suffix)); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return p
}
