// Package bench compares the cost of dbt-tally with the promised limits: real dbt, real
// PostgreSQL, the real binary. See docs/performance.md.
package bench

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

var (
	rounds     = flag.Int("rounds", 5, "how often each kind of run is measured at least")
	most       = flag.Int("most", 9, "and at most, as long as a limit is undecided")
	sizes      = flag.String("sizes", "100,300,1000", "models of the projects of BenchmarkGrowth")
	tableSizes = flag.String("rows", "100000,5000000,20000000", "rows of the tables of BenchmarkRows")
	recorded   = flag.Bool("record", false, "draw docs/pictures/growth.svg with what BenchmarkGrowth and BenchmarkRows measure")
	dbtVersion = flag.String("dbt", "1.11", "the dbt of make tools that is measured")
)

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

// root returns the repository's root directory.
func root(tb testing.TB) string {
	tb.Helper()
	dir, err := filepath.Abs("..")
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// dbtExecutable returns a real dbt.
func dbtExecutable(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(root(tb), ".cache", "dbt-"+*dbtVersion, "bin", "dbt")
	if _, err := os.Stat(path); err != nil {
		tb.Skipf("no dbt %s at %s: run make tools", *dbtVersion, path)
	}
	return path
}

// binary builds dbt-tally as a release does.
func binary(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "dbt-tally")
	cmd := exec.Command("go", "build", "-trimpath", "-o", path, ".")
	cmd.Dir, cmd.Env = root(tb), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("build dbt-tally: %v\n%s", err, out)
	}
	return path
}

// write creates a file and its directories.
func write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

// writeProfile writes the profiles.yml of a project whose relations go to schema.
func writeProfile(tb testing.TB, dir string, db postgres.Database, schema string) {
	tb.Helper()
	output := db.Settings()
	output["schema"], output["threads"] = schema, threads
	writeJSON(tb, filepath.Join(dir, "profiles.yml"),
		object{"bench": object{"target": "pg", "outputs": object{"pg": output}}})
}

// table contains the result of a benchmark, one figure per line.
type table struct {
	text strings.Builder
	tabs *tabwriter.Writer
	bad  []string // the figures beyond their limits
}

func newTable(title string) *table {
	t := &table{}
	t.tabs = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	t.line(title)
	return t
}

func (t *table) line(cells ...string) {
	fmt.Fprintln(t.tabs, strings.Join(cells, "\t"))
}

// bar adds a figure with its limit.
func (t *table) bar(what, format string, got, most float64) {
	verdict := kept
	if got > most {
		verdict = missed
	}
	t.limit(what, fmt.Sprintf(format, got), fmt.Sprintf(format, most), verdict)
}

func (t *table) limit(what, got, most, verdict string) {
	t.line("  "+what, got, "at most "+most, verdict)
	if verdict == missed {
		t.bad = append(t.bad, what+" "+got)
	}
}

// print prints the table. The benchmark fails if a figure is beyond its limit.
func (t *table) print(b *testing.B) {
	b.Helper()
	if err := t.tabs.Flush(); err != nil {
		b.Fatal(err)
	}
	fmt.Printf("\n%s\n", t.text.String()) // b.Log is cut after ten lines
	for _, figure := range t.bad {
		b.Errorf("beyond its limit: %s", figure)
	}
}

// median returns the middle value, or the lower of two middle ones.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}
