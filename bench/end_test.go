package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

const (
	large     = 1000    // models
	otherRows = 1000000 // in the audit table, of other invocations
)

// BenchmarkAroundDBT measures the real binary's time before and after dbt, as a step on a
// pull request. A stand-in for dbt immediately writes dbt's artifacts after building
// 1,000 models, whose audit rows are in a real, large table.
func BenchmarkAroundDBT(b *testing.B) {
	s := newStep(b)
	s.run(b) // creates the audit table
	s.fill(b)
	var before, after, memory []float64
	for b.Loop() {
		for range *rounds {
			took := s.run(b)
			before, after, memory = append(before, took.before), append(after, took.after), append(memory, took.memory)
		}
	}
	s.check(b)
	t := newTable(fmt.Sprintf("%d models, manifest of %.0f MB, debug log of %.0f MB, %d other audit rows; medians of %d rounds",
		large, s.megabytes(b, "manifest.json"), s.megabytes(b, "dbt.log"), otherRows, *rounds))
	t.bar("start: from our start to dbt's", "%.3f s", median(before), 0.3)
	t.bar("end: from dbt's end to ours, all surfaces written", "%.3f s", median(after), 1)
	t.bar("peak memory", "%.0f MB", median(memory), 100)
	t.print(b)
}

// step is a step of a job on a pull request.
type step struct {
	db        postgres.Database
	forge     *fakegithub.Server
	dir       string // the project's, which contains the artifacts
	artifacts string
	binary    string
	env       []string
	runs      int
}

// standIn answers as dbt 1 does. It writes most of its debug log while our binary reads
// it, and the rest together with the artifacts.
const standIn = `#!/bin/sh
if [ "$1" = --version ]; then printf 'Core:\n  - installed: 1.11.16\n'; exit; fi
date +%s.%N >"$ARTIFACTS/started"
first=$(($(wc -c <"$ARTIFACTS/dbt.log") * 6 / 7))
head -c $first "$ARTIFACTS/dbt.log" >"$DBT_LOG_PATH/dbt.log"
sleep 2
tail -c +$((first + 1)) "$ARTIFACTS/dbt.log" >>"$DBT_LOG_PATH/dbt.log"
mkdir -p target
cp "$ARTIFACTS/manifest.json" "$ARTIFACTS/run_results.json" target/
date +%s.%N >"$ARTIFACTS/ended"
`

func newStep(b *testing.B) *step {
	b.Helper()
	s := &step{
		db: postgres.New(b), forge: fakegithub.New(b, fakegithub.Options{}), dir: b.TempDir(),
		artifacts: b.TempDir(), binary: binary(b),
	}
	writeProfile(b, s.dir, s.db, "dev")
	write(b, filepath.Join(s.dir, "dbt_project.yml"), "name: bench\nprofile: bench\n")
	write(b, filepath.Join(s.artifacts, "dbt"), standIn)
	if err := os.Chmod(filepath.Join(s.artifacts, "dbt"), 0o755); err != nil {
		b.Fatal(err)
	}
	writeArtifacts(b, s.artifacts)
	event := fmt.Sprintf(`{"number": %[1]d, "repository": {"full_name": %[2]q}, "pull_request": {"number": %[1]d,
		"head": {"sha": "c0ffee", "ref": "feature", "repo": {"id": 1, "full_name": %[2]q}},
		"base": {"sha": "f00d", "ref": "main", "repo": {"id": 1, "full_name": %[2]q}}}}`,
		fakegithub.PullRequest, fakegithub.Repository)
	write(b, filepath.Join(s.artifacts, "event.json"), event)
	s.env = append(os.Environ(), "ARTIFACTS="+s.artifacts, "NO_PROXY=127.0.0.1",
		"GITHUB_ACTIONS=true", "GITHUB_EVENT_NAME=pull_request", "GITHUB_EVENT_PATH="+filepath.Join(s.artifacts, "event.json"),
		"GITHUB_REPOSITORY="+fakegithub.Repository, "GITHUB_SHA=5eed", "GITHUB_REF=refs/pull/7/merge", "GITHUB_RUN_ID=100",
		"GITHUB_RUN_ATTEMPT=1", "GITHUB_SERVER_URL=https://github.com", "GITHUB_API_URL="+s.forge.URL(),
		"GITHUB_GRAPHQL_URL="+s.forge.URL()+"/graphql", "GITHUB_WORKSPACE="+s.dir, "INPUT_GITHUB-TOKEN="+fakegithub.JobToken,
		"GITHUB_STEP_SUMMARY="+filepath.Join(s.artifacts,
			"summary.md"), "GITHUB_OUTPUT="+filepath.Join(s.artifacts, "output.txt"))
	return s
}

// fill adds this invocation's rows and those of many others.
func (s *step) fill(b *testing.B) {
	b.Helper()
	const insert = `insert into audit.dbt_audit_log (model_name, execution_time, row_count, run_id, node_id, phase, materialized)
select format('"db"."dev"."model_%s" - %s', i, upper(phase)), timestamp '2026-01-01' + i * interval '1 second', i, `
	s.db.Exec(b,
		insert+fmt.Sprintf("'other-' || run, 'model.bench.model_' || i, phase, 'table' "+
			"from generate_series(1, %d) run, generate_series(1, %d) i, (values ('before'), ('after')) p(phase)",
			otherRows/large/2, large),
		insert+fmt.Sprintf("'%s', 'model.bench.model_' || i, phase, 'table' from generate_series(1, %d) i, (values ('before'), ('after')) p(phase)", invocation, large),
		fmt.Sprintf("update audit.dbt_audit_log set row_count = row_count + 7 where run_id = '%s' and phase = 'after'", invocation),
		// Main's run, whose code differs in every third model.
		"create temp table main as select * from audit.dbt_audit_run",
		"update main set run_id = 'other-1', branch = 'main', event = 'push', completed_at = completed_at - interval '1 hour'",
		"insert into audit.dbt_audit_run select * from main",
		"insert into audit.dbt_audit_node select 'other-1', node_id, "+
			"case when length(node_id) % 3 = 0 then 'old' else fingerprint end, columns_hash from audit.dbt_audit_node",
		"analyze audit.dbt_audit_log")
}

// took is the cost of one run: seconds before and after dbt, and megabytes.
type took struct{ before, after, memory float64 }

// run runs the step. Each run finds empty surfaces and creates its own comment.
func (s *step) run(b *testing.B) took {
	b.Helper()
	for _, name := range []string{"summary.md", "output.txt"} {
		write(b, filepath.Join(s.artifacts, name), "")
	}
	s.runs++
	cmd := exec.Command(s.binary, "--dbt-executable", filepath.Join(s.artifacts, "dbt"),
		"--audit-table", "audit.dbt_audit_log", "--comment-key", strconv.Itoa(s.runs))
	cmd.Dir, cmd.Env = s.dir, s.env
	started := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	peak := watchMemory(ctx, cmd.Process.Pid)
	err := cmd.Wait()
	ended := time.Now()
	cancel()
	if err != nil {
		b.Fatalf("dbt-tally: %v", err)
	}
	if n := len(s.forge.Comments(fakegithub.PullRequest)); n != s.runs {
		b.Fatalf("%d comments after %d runs", n, s.runs)
	}
	return took{
		before: s.noted(b, "started") - seconds(started),
		after:  seconds(ended) - s.noted(b, "ended"),
		memory: <-peak,
	}
}

// check verifies that the measured job was complete.
func (s *step) check(b *testing.B) {
	b.Helper()
	var made struct {
		Totals struct{ Models, Changed int }
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "target", "dbt-tally", "report.json"))
	if err == nil {
		err = json.Unmarshal(text, &made, json.MatchCaseInsensitiveNames(true))
	}
	if err != nil || made.Totals.Models != large || made.Totals.Changed != large {
		b.Fatalf("the report has %+v, %v; want %d models, all of them changed", made.Totals, err, large)
	}
}

// noted returns a time that the stand-in recorded.
func (s *step) noted(b *testing.B, name string) float64 {
	b.Helper()
	text, err := os.ReadFile(filepath.Join(s.artifacts, name))
	if err != nil {
		b.Fatal(err)
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(string(text)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return value
}

func (s *step) megabytes(b *testing.B, name string) float64 {
	b.Helper()
	info, err := os.Stat(filepath.Join(s.artifacts, name))
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size()) / 1e6
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// watchMemory reads a process's high-water mark until ctx is done, then sends it in
// megabytes. The rusage of a child is not usable: it includes its parent's memory at the
// time of the fork, and its own children's.
func watchMemory(ctx context.Context, pid int) <-chan float64 {
	peak := make(chan float64, 1)
	go func() {
		last := 0.0
		for ctx.Err() == nil {
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if m := highWater.FindSubmatch(status); err == nil && m != nil {
				kilobytes, _ := strconv.ParseFloat(string(m[1]), 64)
				last = kilobytes * 1024 / 1e6
			}
			time.Sleep(5 * time.Millisecond)
		}
		peak <- last
	}()
	return peak
}
