package stories

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnow"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/mysql"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/warmdbt"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// A line is the line of one model in a report.
type line struct {
	Status tally.Status
	Before string // "-" if it is unknown
	After  string
}

// hookLines are the expected lines of two days of testdata/hooks, for every dbt and
// warehouse. A node without rows of its own has no line: the ephemeral model and the
// function.
var hookLines = map[string][2]line{
	"raw_events":          {{tally.New, "-", "6"}, {tally.Grew, "6", "8"}},
	"view_events":         {{tally.NotCounted, "-", "-"}, {tally.NotCounted, "-", "-"}},
	"table_events":        {{tally.New, "-", "6"}, {tally.Grew, "6", "8"}},
	"incremental_events":  {{tally.New, "-", "6"}, {tally.Grew, "6", "8"}},
	"kinds":               {{tally.New, "-", "6"}, {tally.Grew, "6", "11"}},
	"late_events":         {{tally.New, "-", "2"}, {tally.Grew, "2", "4"}},
	"open_events":         {{tally.New, "-", "3"}, {tally.Shrank, "3", "1"}},
	"refunds":             {{tally.New, "-", "1"}, {tally.Emptied, "1", "0"}},
	"nothing":             {{tally.New, "-", "0"}, {tally.Empty, "0", "0"}},
	"by_folder":           {{tally.NotCounted, "-", "-"}, {tally.NotCounted, "-", "-"}},
	"by_config":           {{tally.NotCounted, "-", "-"}, {tally.NotCounted, "-", "-"}},
	"trimmed_after":       {{tally.New, "-", "4"}, {tally.Grew, "4", "6"}},
	"trimmed_before":      {{tally.New, "-", "6"}, {tally.Unchanged, "6", "6"}},
	"odd_names":           {{tally.New, "-", "6"}, {tally.Grew, "6", "8"}},
	"contracted":          {{tally.New, "-", "6"}, {tally.Grew, "6", "8"}},
	"versioned_events.v1": {{tally.New, "-", "6"}, {tally.Grew, "6", "8"}},
	"versioned_events.v2": {{tally.New, "-", "4"}, {tally.Grew, "4", "6"}},
	"tool_seed":           {{tally.New, "-", "2"}, {tally.Unchanged, "2", "2"}},
	"tool_table":          {{tally.New, "-", "2"}, {tally.Unchanged, "2", "2"}},

	"materialized_events": {{tally.New, "-", "6"}, {tally.Grew, "6", "8"}}, // PostgreSQL only
	"batched_events":      {{tally.New, "-", "6"}, {tally.Grew, "6", "8"}}, // microbatch: dbt 1.9 and later
}

// largeGraph makes the hooks take a project for one of more than 300 nodes, in which they list
// a schema once.
const largeGraph = `
on-run-start: "{% if execute %}{% do graph.update({'nodes': '-' * 301}) %}{% endif %}"
on-run-end: "{% if execute and graph.nodes | length != 301 %}{{ exceptions.raise_compiler_error('a small graph') }}{% endif %}"
`

func TestHooksCountTheSameOnEveryDBT(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.8", "1.11", "1.12"} {
		names := []string{"duckdb", "postgres", "snowflake", "postgres, large", "snowflake, large"}
		if version == "1.11" {
			names = append(names, "duckdb, large")
		}
		for _, name := range names {
			t.Run(version+" "+name, func(t *testing.T) {
				t.Parallel()
				target, _, large := strings.Cut(name, ", large")
				p := newProject(t, version, target)
				p.copy(testdata("hooks/project"))
				if large {
					p.append("dbt_project.yml", largeGraph)
				}
				for day := range 2 {
					got := p.tally()
					want := map[string]line{}
					for name, lines := range hookLines {
						want[name] = lines[day]
					}
					if target != "postgres" {
						delete(want, "materialized_events")
					}
					if version == "1.8" {
						delete(want, "batched_events")
					}
					if target == "snowflake" { // dbt writes names without quotes there
						delete(want, "odd_names")
					}
					if diff := cmp.Diff(want, got.lines()); diff != "" {
						t.Errorf("day %d (-want +got)\n%s", day+1, diff)
					}
					if len(got.Audit.Problems) > 0 {
						t.Errorf("day %d: problems: %q", day+1, got.Audit.Problems)
					}
					p.copy(testdata("hooks/day-2"))
				}
			})
		}
	}
}

// TestEveryNodeOfALargeProjectIsAudited builds 30 seeds and three layers of 40 models
// with 8 threads, first from nothing and then again.
func TestEveryNodeOfALargeProjectIsAudited(t *testing.T) {
	t.Parallel()
	p := newProject(t, "1.11", "postgres")
	p.copy(testdata("hooks/large"))
	for i := range 30 {
		p.write(fmt.Sprintf("seeds/seed_%d.csv", i), "id\n1\n2\n3\n")
	}
	for i := range 40 {
		p.write(fmt.Sprintf("models/view_%d.sql", i), fmt.Sprintf("select * from {{ ref('seed_%d') }}", i%30))
		p.write(fmt.Sprintf("models/table_%d.sql", i), fmt.Sprintf(
			"{{ config(materialized='table') }} select * from {{ ref('view_%d') }} where id > 1", i))
		p.write(fmt.Sprintf("models/incremental_%d.sql", i), fmt.Sprintf(
			"{{ config(materialized='incremental') }} select id from {{ ref('table_%d') }}", i))
	}
	want := map[string][2]line{
		"seed":        {{tally.New, "-", "3"}, {tally.Unchanged, "3", "3"}},
		"view":        {{tally.NotCounted, "-", "-"}, {tally.NotCounted, "-", "-"}},
		"table":       {{tally.New, "-", "2"}, {tally.Unchanged, "2", "2"}},
		"incremental": {{tally.New, "-", "2"}, {tally.Grew, "2", "4"}},
	}
	for build := range 2 {
		lines := p.tally("--threads", "8").lines()
		if len(lines) != 150 {
			t.Errorf("build %d: %d lines; want 150", build+1, len(lines))
		}
		for name, got := range lines {
			kind, _, _ := strings.Cut(name, "_")
			if diff := cmp.Diff(want[kind][build], got); diff != "" {
				t.Errorf("build %d: %s (-want +got)\n%s", build+1, name, diff)
			}
		}
	}
	rows := p.database.Query(t, `
		select befores, afters, count(*) from (
			select count(*) filter (where phase = 'before') befores, count(*) filter (where phase = 'after') afters
			from dev.dbt_audit_log group by run_id, node_id
		) of_a_node_in_a_run group by 1, 2`)
	if diff := cmp.Diff([][]string{{"1", "1", "300"}}, rows); diff != "" {
		t.Errorf("before rows, after rows, nodes of both runs (-want +got)\n%s", diff)
	}
}

// TestEveryTableOfALargeProjectIsAuditedOnMariaDB builds 120 tables with 8 threads:
// no hook's insert is lost to dbt-mysql's commits or delayed by another one.
func TestEveryTableOfALargeProjectIsAuditedOnMariaDB(t *testing.T) {
	t.Parallel()
	p := newProject(t, "1.7-mysql", "mariadb")
	p.copy(testdata("hooks/large"))
	var tables []string
	for i := range 120 {
		tables = append(tables, fmt.Sprintf("create table table_%d select 1 as id", i))
		p.write(fmt.Sprintf("models/table_%d.sql", i),
			"{{ config(materialized='table') }} select 1 as id union all select 2")
	}
	p.database.Exec(t, tables...)
	lines := p.tally("--threads", "8").lines()
	if len(lines) != len(tables) {
		t.Errorf("%d lines; want %d", len(lines), len(tables))
	}
	for name, got := range lines {
		if diff := cmp.Diff(line{tally.Grew, "1", "2"}, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	rows := p.database.Query(t, "select sum(phase = 'before'), sum(phase = 'after'), count(distinct node_id, phase) from dbt_audit_log")
	if diff := cmp.Diff([][]string{{"120", "120", "240"}}, rows); diff != "" {
		t.Errorf("before rows, after rows, different ones (-want +got)\n%s", diff)
	}
}

// TestHooksOnSnowflakeWriteAnyName uses names that could end a literal or the block
// around the insert.
func TestHooksOnSnowflakeWriteAnyName(t *testing.T) {
	t.Parallel()
	p := newProject(t, "1.11", "snowflake")
	p.copy(testdata("project"))
	p.write("dbt_project.yml", "{name: shop, profile: shop, quoting: {identifier: true}}")
	// The emulator does not support a quote in a table's name.
	names := map[string]string{"literal": `100% \north größe; 1.5 - AFTER`, "block": `{}; end; $$ 5`}
	for model, name := range names {
		p.write("models/"+model+".sql", fmt.Sprintf("{{ config(materialized='table', alias='%s') }} select 1 as id", name))
	}
	for build, want := range []line{{tally.New, "-", "1"}, {tally.Unchanged, "1", "1"}} {
		if diff := cmp.Diff(map[string]line{"literal": want, "block": want},
			p.tally("--", "run", "--select", "literal", "block").lines()); diff != "" {
			t.Errorf("build %d (-want +got)\n%s", build+1, diff)
		}
	}
	// Each model costs one insert in each build.
	log, err := os.ReadFile(filepath.Join(p.dir, "logs", "dbt.log"))
	if got := strings.Count(string(log), "insert /* dbt_tally */ into"); err != nil || got != 4 {
		t.Errorf("%d inserts in two builds of two models, %v; want 4", got, err)
	}
	for model, name := range names {
		rows := p.database.Query(t, "select distinct model_name from dbt_audit_log where phase = 'before' and node_id = 'model.shop."+model+"'")
		if len(rows) != 1 || !strings.HasSuffix(rows[0][0], `."`+name+`" - BEFORE`) {
			t.Errorf("%s was written as %q", name, rows)
		}
	}
}

// TestAPostHookMayDropItsTable runs this part of testdata/projects on the warehouses that
// TestDBTDoesTheSameWithAndWithout does not cover.
func TestAPostHookMayDropItsTable(t *testing.T) {
	t.Parallel()
	for target, version := range map[string]string{"mariadb": "1.7-mysql", "snowflake": "1.11"} {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, version, target)
			p.copy(testdata("hooks/large"))
			if target == "snowflake" {
				profiles, err := os.ReadFile(testdata("hooks/project/profiles.yml"))
				if err != nil {
					t.Fatal(err)
				}
				p.write("profiles.yml", string(profiles))
			}
			p.write("models/dropped.sql",
				"{{ config(materialized='table', post_hook='drop table {{ this }}') }} select 1 as id")
			p.write("models/kept.sql", "{{ config(materialized='table', post_hook='delete from {{ this }} where id = 1') }} "+
				"select 1 as id union all select 2")
			want := map[string]line{
				"dropped": {tally.NotCounted, "-", "-"},
				"kept":    {tally.New, "-", "1"},
			}
			got := p.tally()
			if diff := cmp.Diff(want, got.lines()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// project is a dbt project in a separate directory, on a separate database.
type project struct {
	t        *testing.T
	dir      string
	target   string
	env      []string
	database database // nil for the target duckdb
}

func newProject(t *testing.T, version, target string) *project {
	t.Helper()
	bin := filepath.Join(warmdbt.Start(t, version), "bin")
	p := &project{t: t, dir: t.TempDir(), target: target}
	p.env = append(environ(p.dir, bin+string(os.PathListSeparator)+os.Getenv("PATH")),
		// Three batches of testdata/hooks' microbatch model.
		"DBT_EVENT_TIME_START=2026-01-01", "DBT_EVENT_TIME_END=2026-01-04",
	)
	switch target {
	case "postgres":
		db := postgres.New(t)
		p.database, p.env = db, append(p.env, db.Environment()...)
	case "mariadb", "mysql":
		db := mysql.New(t, mysql.Flavour(target))
		p.database, p.env = db, append(p.env, db.Environment()...)
	case "snowflake":
		db := fakesnow.New(t)
		p.database, p.env = db, append(p.env, db.Environment()...)
	}
	return p
}

// environ returns a small environment, because dbt walks through all of it at each line of
// its log.
func environ(home, path string) []string {
	return []string{"PATH=" + path, "HOME=" + home, "TMPDIR=" + os.TempDir(), "DBT_SEND_ANONYMOUS_USAGE_STATS=false"}
}

// copy copies the files of a directory into the project.
func (p *project) copy(dir string) {
	p.t.Helper()
	if out, err := exec.Command("cp", "-r", dir+"/.", p.dir).CombinedOutput(); err != nil {
		p.t.Fatalf("copy %s: %v\n%s", dir, err, out)
	}
}

// write creates a file of the project and its directories.
func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// append adds text to a file of the project.
func (p *project) append(name, more string) {
	p.t.Helper()
	text, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(name, string(text)+more)
}

// tally runs dbt-tally, which must succeed, and returns its report.
func (p *project) tally(args ...string) tallied {
	p.t.Helper()
	// Snowflake's connector for Python retries some requests for ever.
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "dbt-tally", append([]string{"--target", p.target}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Dir, cmd.Env = p.dir, append(p.env, "INPUT_AUDIT-TABLE=dbt_audit_log")
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("dbt-tally: %v\n%s", err, out)
	}
	var read tallied
	text, err := os.ReadFile(filepath.Join(p.dir, "target", "dbt-tally", "report.json"))
	if err == nil {
		err = json.Unmarshal(text, &read)
	}
	if err != nil {
		p.t.Fatal(err)
	}
	return read
}

// tallied contains the parts of report.json that these tests read.
type tallied struct {
	Audit struct {
		Statements int
		Problems   []string
	}
	Models []struct {
		NodeID        string `json:"node_id"`
		Relation      string
		Status        tally.Status
		Before, After *int64
		Written       *report.Written
		CountSource   tally.CountSource `json:"count_source"`
	}
}

func (r tallied) lines() map[string]line {
	lines := map[string]line{}
	for _, m := range r.Models {
		name := strings.SplitN(m.NodeID, ".", 3)[2] // model.package.name
		lines[name] = line{m.Status, count(m.Before), count(m.After)}
	}
	return lines
}

func count(n *int64) string {
	if n == nil {
		return "-"
	}
	return strconv.FormatInt(*n, 10)
}
