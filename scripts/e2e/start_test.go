//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestDBTStartsAsFastAsOnTheHost compares the image with a host's environment of the same
// packages, warm and with bytecode, without Docker's own start. Other work on the machine
// only adds time, so the fastest of several attempts is measured; even so only its CPU
// time is stable enough for a limit.
func TestDBTStartsAsFastAsOnTheHost(t *testing.T) {
	const noise = 1.1
	host := filepath.Join(repositoryRoot(t), ".cache/image/bin/dbt")
	// No network, because dbt --version asks the registry for newer versions.
	timed := `export https_proxy=http://127.0.0.1:1 TIMEFORMAT="%R %U %S"; { time "$0" --version >/dev/null 2>&1; } 2>&1`
	onHost, inContainer := never, never
	for range 7 {
		onHost = onHost.fastest(t, run(t, "bash", "-c", timed, host))
		inContainer = inContainer.fastest(t,
			run(t, "docker", "run", "--rm", "--entrypoint", "bash", image, "-c", timed, "dbt"))
	}
	ratio := inContainer.cpu / onHost.cpu
	t.Logf("dbt --version: host %.2f s (CPU %.2f s), container %.2f s (CPU %.2f s), ratio %.2f (CPU %.2f)",
		onHost.elapsed, onHost.cpu, inContainer.elapsed, inContainer.cpu, inContainer.elapsed/onHost.elapsed, ratio)
	if ratio > noise {
		t.Errorf("%.2f times the host's; want it no slower", ratio)
	}
}

// cost is the time of a command in seconds.
type cost struct{ elapsed, cpu float64 }

var never = cost{math.Inf(1), math.Inf(1)}

// fastest returns the smaller of c and of the time that bash printed.
func (c cost) fastest(t *testing.T, said string) cost {
	t.Helper()
	var elapsed, user, system float64
	if _, err := fmt.Sscan(said, &elapsed, &user, &system); err != nil {
		t.Fatalf("time says %q: %v", said, err)
	}
	return cost{min(c.elapsed, elapsed), min(c.cpu, user+system)}
}

// TestDBTIsStartedQuickly measures from the start of the container's process to that of dbt:
// inputs, profile, and preparing the audit table.
func TestDBTIsStartedQuickly(t *testing.T) {
	s := newShop(t)
	var waits []time.Duration
	for range 3 {
		container := run(t, "docker", s.docker("--detach", image, "build")...)
		run(t, "docker", "wait", container)
		started, err := time.Parse(time.RFC3339Nano,
			run(t, "docker", "inspect", container, "--format", "{{.State.StartedAt}}"))
		if err != nil {
			t.Fatal(err)
		}
		run(t, "docker", "rm", container)
		var report struct {
			Invocations []struct {
				StartedAt time.Time `json:"started_at"`
			}
		}
		if err := json.Unmarshal([]byte(s.read("target/dbt-tally/report.json")), &report); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, report.Invocations[0].StartedAt.Sub(started))
	}
	t.Logf("from the container's start to dbt's: %v", waits)
	if fastest := slices.Min(waits); fastest > 300*time.Millisecond || fastest <= 0 {
		t.Errorf("%v; want 300 ms at most", fastest)
	}
}
