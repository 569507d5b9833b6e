//go:build e2e

package e2e

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var rounds = flag.Int("rounds", 15, "how often BenchmarkFirstLine measures each kind of run")

// BenchmarkFirstLine measures from the container's start to dbt's first line, with
// dbt-tally and without, in turns, in the same image, each time in a new container. It fails
// if dbt-tally certainly adds more than 0.1 s.
func BenchmarkFirstLine(b *testing.B) {
	const most = 0.1
	onPostgres := newShop(b)
	onDuckDB := shop{t: b, workspace: b.TempDir()}
	run(b, "cp", "-R", filepath.Join(repositoryRoot(b), "examples/shop")+"/.", onDuckDB.workspace)
	for name, s := range map[string]shop{"PostgreSQL": onPostgres, "DuckDB": onDuckDB} {
		b.Run(name, func(b *testing.B) {
			var plain, tally, added []float64
			for b.Loop() {
				s.firstLine(b, image) // both are warm afterwards
				s.firstLine(b, "--entrypoint", "dbt", image)
				for round := range *rounds {
					if round%2 == 0 { // each goes first as often as the other
						plain = append(plain, s.firstLine(b, "--entrypoint", "dbt", image))
					}
					tally = append(tally, s.firstLine(b, image))
					if round%2 == 1 {
						plain = append(plain, s.firstLine(b, "--entrypoint", "dbt", image))
					}
					added = append(added, tally[len(tally)-1]-plain[len(plain)-1])
				}
			}
			low, high := interval(added)
			b.Logf("dbt's first line after %.3f s, with dbt-tally after %.3f s: %+.3f s (%+.3f to %+.3f, %d pairs), "+
				"of the fastest %+.3f s, at most %+.1f s",
				median(plain), median(tally), median(added), low, high, len(added), slices.Min(tally)-slices.Min(plain), most)
			if low > most {
				b.Errorf("dbt-tally adds more than %.1f s", most)
			}
		})
	}
}

// firstLine returns the seconds from the start of a container to dbt's first line. The
// engine notes both times.
func (s shop) firstLine(b *testing.B, options ...string) float64 {
	b.Helper()
	args := append(s.docker("--detach", "--env", "SHOP_DATABASE=/workspace/shop.duckdb"), options...)
	container := run(b, "docker", append(args, "build", "--select", "raw_orders")...)
	defer run(b, "docker", "rm", "--force", container)
	status := run(b, "docker", "wait", container)
	log := run(b, "docker", "logs", "--timestamps", container)
	started := instant(b, run(b, "docker", "inspect", container, "--format", "{{.State.StartedAt}}"))
	for line := range strings.Lines(log) {
		if at, text, _ := strings.Cut(line, " "); status == "0" && strings.Contains(text, "Running with dbt=") {
			return instant(b, at).Sub(started).Seconds()
		}
	}
	b.Fatalf("exit status %s:\n%s", status, log)
	return 0
}

func instant(tb testing.TB, text string) time.Time {
	tb.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

// median returns the middle value, or the lower of two middle ones.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// interval contains 95% of the medians of random samples of the values (a bootstrap).
func interval(values []float64) (low, high float64) {
	const samples = 4000
	random := rand.New(rand.NewPCG(1, 2))
	medians, sample := make([]float64, samples), make([]float64, len(values))
	for i := range medians {
		for j := range sample {
			sample[j] = values[random.IntN(len(values))]
		}
		medians[i] = median(sample)
	}
	slices.Sort(medians)
	return medians[samples/40], medians[samples-1-samples/40]
}
