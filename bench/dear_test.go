package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakesnow"
)

const (
	dearModels = 50
	dearChange = 600 * time.Millisecond // of a statement that writes rows
	dearRead   = 60 * time.Millisecond  // of any other
)

// BenchmarkDearStatements builds tables again on an emulated Snowflake behind a proxy that
// delays the answer to each statement: with plain dbt, with dbt-tally, whose hooks insert both rows at
// once, and with hooks that insert a row each.
func BenchmarkDearStatements(b *testing.B) {
	program := binary(b)
	plain := newDearProject(b, "plain")
	tally, twice := newDearProject(b, "tally"), newDearProject(b, "twice")
	tally.binary, twice.binary = program, program
	insertTwice(b, twice)
	projects := []*project{tally, twice, plain}
	for _, p := range projects {
		p.build(b)
		p.onlyRebuild = true
	}
	limits := func() []paired {
		over := func(p *project) (costs []float64) {
			for i, run := range p.rebuilt.run {
				costs = append(costs, run-plain.rebuilt.run[i])
			}
			return costs
		}
		return []paired{{"overhead, one insert ÷ two, time of the run", over(tally), over(twice), 0.6}}
	}
	for b.Loop() {
		measureUntilDecided(b, projects, limits)
	}
	t := newTable(fmt.Sprintf("%d tables rebuilt, %d threads, dbt %s, emulated Snowflake, %s for a write and %s for a read",
		dearModels, threads, *dbtVersion, dearChange, dearRead))
	for _, p := range projects {
		t.line("  "+p.name, fmt.Sprintf("%.1f s", median(p.rebuilt.run)))
	}
	t.ratios(limits())
	t.print(b)
}

// writesRows matches the statements of dbt and of the hooks that write rows.
var writesRows = regexp.MustCompile(`(?i)^\s*(/\*.*?\*/\s*)?(execute immediate \$\$ begin\s+)?(insert|update|delete|merge|create\b.*\btable)\b`)

func newDearProject(b *testing.B, name string) *project {
	b.Helper()
	db := fakesnow.New(b).Taking(b, func(sql string) time.Duration {
		if writesRows.MatchString(sql) {
			return dearChange
		}
		return dearRead
	})
	p := newFolder(b, name, "", dearModels)
	output := db.Settings()
	output["threads"] = threads
	writeJSON(b, filepath.Join(p.cli.ProjectDir, "profiles.yml"),
		object{"bench": object{"target": "ci", "outputs": object{"ci": output}}})
	return p
}

// insertTwice gives the project hooks of its own, whose before hook inserts its row.
func insertTwice(b *testing.B, p *project) {
	b.Helper()
	cmd := exec.Command(p.binary, "install")
	cmd.Dir, cmd.Env = p.cli.WorkDir, p.cli.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("dbt-tally install: %v\n%s", err, out)
	}
	path := filepath.Join(p.cli.ProjectDir, "macros", "dbt_tally.sql")
	text, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	write(b, path, insertingTwice(b, string(text)))
}

// whenToInsert matches where the before hook decides whether it inserts its row.
var whenToInsert = regexp.MustCompile(`(\{%- (?:el)?if )(run\.block or run\.change )`)

// insertingTwice returns the macros with a before hook that always inserts its row.
func insertingTwice(tb testing.TB, macros string) string {
	tb.Helper()
	if places := whenToInsert.FindAllString(macros, -1); len(places) != 1 {
		tb.Fatalf("the before hook decides at %q whether it inserts; want one place", places)
	}
	return whenToInsert.ReplaceAllString(macros, "${1}true or $2")
}

// Otherwise only make bench would notice that the macros changed.
func TestTheBeforeHookCanBeMadeToInsert(t *testing.T) {
	t.Parallel()
	p := &project{}
	p.cli.ProjectDir = t.TempDir()
	p.installMacros(t)
	files, err := filepath.Glob(filepath.Join(p.cli.ProjectDir, "macros", "*.sql"))
	if err != nil || len(files) != 1 {
		t.Fatalf("macros %q, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if inserts := insertingTwice(t, string(text)); !strings.Contains(inserts, "if true or run.block or run.change ") {
		t.Error("the before hook is as it was")
	}
}

func TestADearStatementIsRecognised(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"execute immediate $$ begin insert /* dbt_tally */ into t select 1; exception":        true,
		"execute immediate $$ begin let n integer := 0; select count(*) into :n from t; end;": false,
		"create or replace transient table a.b.c as (select 1)":                               true,
		"/* {\"app\": \"dbt\"} */\ncreate or replace transient  table a.b.c":                  true,
		"show terse objects in schema a":                                                      false,
		"describe table a":                                                                    false,
	} {
		if got := writesRows.MatchString(sql); got != want {
			t.Errorf("%s: %v", sql, got)
		}
	}
}
