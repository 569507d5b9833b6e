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
	for b.Loop() {
		for round := range *rounds {
			for i := range projects {
				projects[(i+round)%len(projects)].measure(b)
			}
		}
	}
	t := newTable(fmt.Sprintf("%d tables, dbt %s, DuckDB, medians of %d rounds", duckDBModels, *dbtVersion, *rounds))
	t.compareDuckDB("first built", plain.first, tally.first)
	t.compareDuckDB("rebuilt", plain.rebuilt, tally.rebuilt)
	t.print(b)
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
	t.bar("dbt-tally ÷ plain, time of the run", "%.3f", median(tally.run)/median(plain.run), 1.10)
	t.bar("dbt-tally ÷ plain, time of the process", "%.3f", median(tally.process)/median(plain.process), 1.15)
	t.bar("dbt-tally ÷ plain, CPU", "%.3f", median(tally.cpu)/median(plain.cpu), 1.15)
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
