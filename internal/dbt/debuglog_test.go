package dbt

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/warmdbt"
)

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

// TestTheLogAgreesWithRunResults compares the information in real dbt's log with the
// artifact that the log replaces.
func TestTheLogAgreesWithRunResults(t *testing.T) {
	t.Parallel()
	for version, microbatch := range map[string]bool{"1.8": false, "1.11": true, "1.12": true} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			executable, dir := filepath.Join(warmdbt.Start(t, version), "bin", "dbt"), t.TempDir()
			files := map[string]string{
				"dbt_project.yml":      "{name: shop, profile: shop}",
				"profiles.yml":         "shop: {target: ci, outputs: {ci: {type: duckdb, path: shop.duckdb, threads: 4}}}",
				"models/used.yml":      "exposures: [{name: board, type: dashboard, owner: {name: us}, depends_on: [ref('good')]}]",
				"seeds/countries.csv":  "id\n1\n2\n",
				"models/good.sql":      "{{ config(materialized='table') }} select 1 as id",
				"models/bad.sql":       "{{ config(materialized='table') }} select no_such_column as id",
				"models/malformed.sql": "{{ config(materialized='table') }} {% if execute %}{{ exceptions.raise_compiler_error('on purpose') }}{% endif %} select 1 as id",
				"models/after_bad.sql": "select * from {{ ref('bad') }}",
				"tests/passes.sql":     "select 1 from {{ ref('good') }} where id <> 1",
				"tests/fails.sql":      "select 1 from {{ ref('good') }}",
				"tests/warns.sql":      "{{ config(severity='warn') }} select 1 from {{ ref('good') }}",
			}
			if microbatch {
				files["models/events.sql"] = "{{ config(materialized='table', event_time='happened') }} select timestamp '2026-01-01' as happened, '1' as n union all select timestamp '2026-01-02', 'not a number'"
				files["models/daily.sql"] = "{{ config(materialized='incremental', " +
					"incremental_strategy='microbatch', event_time='happened', batch_size='day', begin='2026-01-01', " +
					"concurrent_batches=false) }} select happened, cast(n as integer) as n from {{ ref('events') }}"
			}
			for name, text := range files {
				write(t, text, dir, name)
			}
			scratch := t.TempDir()
			c := CLI{
				Executable: executable, WorkDir: dir, ProjectDir: dir, TargetPath: filepath.Join(dir,
					"target"), ScratchDir: scratch,
				Env: append(os.Environ(),
					"DBT_SEND_ANONYMOUS_USAGE_STATS=false"), Stdout: io.Discard, Stderr: io.Discard, Now: time.Now,
			}
			command := Command{"build"}
			if microbatch {
				command = append(command, "--event-time-start", "2026-01-01", "--event-time-end", "2026-01-03")
			}
			inv, err := c.Invoke(t.Context(), command, Hooks{}, Version{})
			if err != nil || inv.ExitCode != ExitNodesFailed {
				t.Fatalf("exit code %d, %v %s", inv.ExitCode, err, inv.Error)
			}

			logs, err := filepath.Glob(filepath.Join(scratch, "*", "dbt.log"))
			if err != nil || len(logs) != 1 {
				t.Fatalf("logs: %q, %v", logs, err)
			}
			ended := make(chan struct{})
			close(ended)
			seen := tail(logs[0], &userLog{}, ended)
			if seen.id != inv.ID || len(seen.inFlight()) > 0 {
				t.Errorf("the log is of %q with %v in flight; want %q and none", seen.id, seen.inFlight(), inv.ID)
			}
			want := []string{"error", "fail", "pass", "skipped", "success", "warn"}
			if microbatch {
				want = append(want, "no-op", "partial success")
			}
			for _, status := range want {
				if !slices.ContainsFunc(seen.finished, func(n NodeResult) bool { return n.Status == status }) {
					t.Errorf("no node with status %q", status)
				}
			}
			if diff := cmp.Diff(outcomes(inv.Nodes), outcomes(seen.finished)); diff != "" {
				t.Errorf("(-run_results.json +log)\n%s", diff)
			}
			if len(seen.finished) != len(inv.Nodes) {
				t.Errorf("%d nodes in the log, %d in run_results.json", len(seen.finished), len(inv.Nodes))
			}
		})
	}
}

// outcomes returns the status of each node and, for a node that could not be built, the
// reason. For other nodes dbt's log and run_results.json use different words.
func outcomes(nodes []NodeResult) map[string]string {
	outcomes := map[string]string{}
	for _, node := range nodes {
		outcomes[node.NodeID] = node.Status
		if node.Status == "error" {
			outcomes[node.NodeID] += ": " + strings.TrimSpace(node.Message)
		}
	}
	return outcomes
}
