package stories

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// TestFakeDBTIsLikeRealDBT runs both through dbt-tally on the same project: builds, a
// package, a selection, failed tests, a failed model and commands that dbt refuses.
func TestFakeDBTIsLikeRealDBT(t *testing.T) {
	t.Parallel()
	dbts := []*project{newProject(t, "1.11", "postgres"), newFakeProject(t)}
	days := []struct {
		name  string
		files map[string]string
		args  []string
	}{
		{name: "first build"},
		{name: "second build, and a package", files: map[string]string{
			"seeds/raw_orders.csv":    "id,customer,amount\n1,ann,10\n2,bob,25\n4,dan,40\n5,eve,50\n",
			"packages.yml":            "packages:\n  - local: tools\n",
			"tools/dbt_project.yml":   "name: tools\n",
			"tools/models/visits.sql": "{{ config(materialized='table') }}\nselect generate_series(1, 3) as id",
		}},
		{
			name: "counted views of a selection",
			args: []string{"--count-views", "run", "--select", "orders", "stg_orders"},
		},
		{name: "failed tests", files: map[string]string{
			"tests/fails.sql":   "select 1 as one",
			"models/orders.sql": "{{ config(materialized='table') }}\nselect 1 as id from {{ ref('stg_orders') }}",
		}},
		{name: "failed model", files: map[string]string{
			"models/orders.sql": "{{ config(materialized='table') }}\nselect id / (id - 1) as id from {{ ref('stg_orders') }}",
		}},
		{name: "failed run", args: []string{"run"}},
		{name: "unknown command", args: []string{"build", "--no-such-flag"}},
	}
	for _, p := range dbts {
		p.copy(testdata("project"))
	}
	for _, day := range days {
		t.Run(day.name, func(t *testing.T) {
			var left []leavings
			for _, p := range dbts {
				p.t = t
				for name, text := range day.files {
					p.write(name, text)
				}
				left = append(left, p.leave(day.args...))
			}
			if len(left[0].Log) == 0 && day.name != "unknown command" {
				t.Error("no line of the log was found")
			}
			if diff := cmp.Diff(left[0], left[1], cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-real +fake)\n%s", diff)
			}
		})
	}
}

// newFakeProject returns a project for the fake dbt, which is already on the PATH.
func newFakeProject(t *testing.T) *project {
	t.Helper()
	db := postgres.New(t)
	p := &project{t: t, dir: t.TempDir(), target: "postgres", database: db}
	p.env = append(environ(p.dir, os.Getenv("PATH")), db.Environment()...)
	return p
}

// leavings are the parts that dbt-tally reads of the files of an ended dbt, without the
// values that differ from run to run.
type leavings struct {
	ExitCode int
	Results  []dbt.NodeResult
	Manifest []dbt.ManifestNode
	Log      []string // the first lines of the records that are read, sorted
	Audit    [][]string
}

// leave runs dbt-tally and returns the leavings of dbt.
func (p *project) leave(args ...string) leavings {
	p.t.Helper()
	logs := filepath.Join(p.dir, "logs")
	if err := os.RemoveAll(logs); err != nil {
		p.t.Fatal(err)
	}
	if len(args) == 0 {
		args = []string{"build"}
	}
	cmd := exec.CommandContext(p.t.Context(), "dbt-tally", args...)
	cmd.Dir, cmd.Env = p.dir, append(p.env, "INPUT_AUDIT-TABLE=dbt_audit_log")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("dbt-tally: %v\n%s", err, out)
	}
	left := leavings{ExitCode: cmd.ProcessState.ExitCode(), Audit: p.audited()}
	cli := dbt.CLI{ProjectDir: p.dir, TargetPath: filepath.Join(p.dir, "target")}
	if past, err := cli.Past(""); err == nil {
		left.Results = past.Nodes
	}
	var ids []string
	for i := range left.Results {
		ids = append(ids, left.Results[i].NodeID)
		left.Results[i].NodeID, left.Results[i].Seconds = p.same(left.Results[i].NodeID), 0
		left.Results[i].Adapter = dbt.AdapterFigures{} // the fake reports none; no story needs them
	}
	if left.Manifest, err = cli.ReadManifest(ids); err != nil {
		p.t.Fatal(err)
	}
	for i, n := range left.Manifest {
		left.Manifest[i].ID, left.Manifest[i].Relation = p.same(n.ID), p.same(n.Relation)
	}
	slices.SortFunc(left.Results, func(a, b dbt.NodeResult) int { return strings.Compare(a.NodeID, b.NodeID) })
	slices.SortFunc(left.Manifest, func(a, b dbt.ManifestNode) int { return strings.Compare(a.ID, b.ID) })
	if text, err := os.ReadFile(filepath.Join(logs, "dbt.log")); err == nil {
		left.Log = p.read(string(text))
	}
	return left
}

// audited returns the audit rows of the newest run.
func (p *project) audited() [][]string {
	p.t.Helper()
	rows := p.database.Query(p.t, `select model_name, row_count, node_id, phase, materialized from dev.dbt_audit_log
		where run_id = (select run_id from dev.dbt_audit_log order by execution_time desc limit 1) order by 3, 4 desc`)
	for _, row := range rows {
		row[0] = p.same(row[0])
	}
	return rows
}

// readRecord matches the start of a record of dbt's debug log that internal/dbt reads:
// its level, and its text without the number of the node.
var readRecord = regexp.MustCompile(`^(?:\x1b\[0m)?[\d:.]{15} \[(\w+) *\] \[.{10}\]: (?:\d+ of \d+ )?(` +
	`(?:Running with dbt=|Encountered an error:|Began running node |Finished running node |` +
	`OK |PASS |ERROR |FAIL |SKIP |(?:\w+ )+Error in ).*|On .*dbt_tally)`)

var (
	tookSeconds = regexp.MustCompile(` in [\d.]+s`)
	dots        = regexp.MustCompile(`\.{3,}`)
	testHash    = regexp.MustCompile(`\.[0-9a-f]{10}\b`)
)

// read returns the records that are read, without times.
func (p *project) read(log string) []string {
	var read []string
	for line := range strings.SplitSeq(log, "\n") {
		m := readRecord.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		text := m[2]
		if strings.HasPrefix(text, "On ") { // the audit rows show the statement
			text = "audit: " + strings.Fields(text)[1]
		}
		text = dots.ReplaceAllString(tookSeconds.ReplaceAllString(text, ""), "...")
		read = append(read, m[1]+": "+p.same(text))
	}
	slices.Sort(read)
	return read
}

// same removes from a text the values that differ from project to project.
func (p *project) same(text string) string {
	text = testHash.ReplaceAllString(text, ".hash")
	return strings.ReplaceAll(text, p.database.(postgres.Database).Name, "db")
}
