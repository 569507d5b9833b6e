package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

const (
	models  = 100
	threads = 8
)

// BenchmarkHooks compares builds of trivial tables by plain dbt, with the audit hooks,
// with dbt-tally around dbt, and with the tutorial's hooks. All take turns in one
// session, so that a slow minute of the machine affects each of them.
func BenchmarkHooks(b *testing.B) {
	db := postgres.New(b)
	// The first run of dbt-tally creates the audit table of the hooks.
	tally := newProject(b, db, "tally", "", models)
	tally.binary = binary(b)
	hooks := newProject(b, db, "hooks", "", models)
	hooks.hooks = dbt.Hooks{Relation: `"audit"."dbt_audit_log"`}
	hooks.installMacros(b)
	db.Exec(b, "create table public.tutorial_log (model_name text, execution_time timestamp, row_count bigint, run_id text)")
	tutorial := newProject(b, db, "tutorial", tutorialHooks, models)
	plain := newProject(b, db, "plain", "", models)
	projects := []*project{tally, hooks, tutorial, plain}
	for _, p := range projects {
		p.warmUp(b)
	}
	rebuilt := func() []paired {
		limits := hookLimits(hooks.rebuilt, plain.rebuilt, "plain", 1.10)
		return append(limits, hookLimits(hooks.rebuilt, tutorial.rebuilt, "the tutorial's", 1)...)
	}
	// A first build has no limits by the tutorial's hooks, which fail then.
	first := func() []paired { return hookLimits(hooks.first, plain.first, "plain", 1.05) }
	for b.Loop() {
		measureUntilDecided(b, projects, func() []paired { return append(rebuilt(), first()...) })
	}
	t := newTable(fmt.Sprintf("%d tables, %d threads, dbt %s, PostgreSQL, medians of %d rounds", models,
		threads, *dbtVersion, len(plain.first.run)))
	t.compare("rebuilt", plain.rebuilt, hooks.rebuilt, tally.rebuilt, &tutorial.rebuilt)
	t.ratios(rebuilt())
	t.compare("first built", plain.first, hooks.first, tally.first, nil)
	t.ratios(first())
	t.print(b)
}

func hookLimits(hooks, other costs, name string, most float64) []paired {
	return []paired{
		{"hooks ÷ " + name + ", time of the run", hooks.run, other.run, most},
		{"hooks ÷ " + name + ", time of the process", hooks.process, other.process, most},
		{"hooks ÷ " + name + ", CPU", hooks.cpu, other.cpu, most},
	}
}

// compare adds the lines for one kind of build.
func (t *table) compare(kind string, plain, hooks, tally costs, tutorial *costs) {
	t.line(kind, "time of the run", "time of the process", "CPU of the process", "statements per model")
	show := func(name string, c costs) {
		t.line("  "+name, fmt.Sprintf("%.2f s", median(c.run)), fmt.Sprintf("%.2f s", median(c.process)),
			fmt.Sprintf("%.2f s", median(c.cpu)), fmt.Sprintf("%.2f", c.statements))
	}
	ratio := func(name string, c costs) {
		t.line("  "+name+" ÷ plain", fmt.Sprintf("%.3f", median(c.run)/median(plain.run)),
			fmt.Sprintf("%.3f", median(c.process)/median(plain.process)), fmt.Sprintf("%.3f", median(c.cpu)/median(plain.cpu)),
			fmt.Sprintf("+%.2f", c.statements-plain.statements))
	}
	show("plain dbt", plain)
	show("with the hooks", hooks)
	show("within dbt-tally", tally)
	ratio("hooks", hooks)
	ratio("dbt-tally", tally)
	if tutorial != nil {
		show("with the tutorial's hooks", *tutorial)
		ratio("tutorial", *tutorial)
	}
}

const tutorialHooks = `
    +pre-hook: "insert into public.tutorial_log (model_name, execution_time, row_count, run_id) select '{{ this }} - BEFORE', current_timestamp, count(*), '{{ invocation_id }}' from {{ this }}"
    +post-hook: "insert into public.tutorial_log (model_name, execution_time, row_count, run_id) select '{{ this }} - AFTER', current_timestamp, count(*), '{{ invocation_id }}' from {{ this }}"`

// project is a dbt project of trivial tables in a separate schema, with the costs of its
// builds.
type project struct {
	name   string
	models int
	cli    dbt.CLI
	hooks  dbt.Hooks
	binary string // dbt-tally, if it runs dbt
	// empty restores the project's schema to its state before the first build.
	empty       func(testing.TB)
	onlyRebuild bool // do not measure first builds

	first, rebuilt costs
}

// costs are in seconds, one value per build.
type costs struct {
	run, process, cpu []float64 // run: dbt's own measurement, without its start
	statements        float64   // sent per model, on average
}

// newProject returns a project on PostgreSQL.
func newProject(tb testing.TB, db postgres.Database, name, config string, models int) *project {
	tb.Helper()
	p := newFolder(tb, name, config, models)
	writeProfile(tb, p.cli.ProjectDir, db, name)
	p.empty = func(tb testing.TB) {
		tb.Helper()
		statements := fmt.Sprintf("drop schema if exists %[1]s cascade; create schema %[1]s;", name)
		if config != "" { // the tutorial's hooks need existing tables
			for i := range models {
				statements += fmt.Sprintf("create table %s.%s as select 1 as id;", name, model(i))
			}
		}
		db.Exec(tb, statements)
	}
	return p
}

// newFolder returns a project of some models, without a profile.
func newFolder(tb testing.TB, name, config string, models int) *project {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), name)
	write(tb, filepath.Join(dir, "dbt_project.yml"),
		"name: bench\nprofile: bench\nmodels:\n  bench:\n    +materialized: table"+config+"\n")
	for i := range models {
		write(tb, filepath.Join(dir, "models", model(i)+".sql"), "select 1 as id\n")
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { null.Close() })
	return &project{
		name: name, models: models,
		cli: dbt.CLI{
			Executable: dbtExecutable(tb), WorkDir: dir, ProjectDir: dir, TargetPath: filepath.Join(dir, "target"),
			Env: append(os.Environ(), "DBT_SEND_ANONYMOUS_USAGE_STATS=false"), ScratchDir: tb.TempDir(),
			Stdout: null, Stderr: null, Now: time.Now,
		},
	}
}

func (p *project) installMacros(tb testing.TB) {
	tb.Helper()
	if _, err := dbt.InstallMacros([]string{filepath.Join(p.cli.ProjectDir, "macros")}, "",
		dbt.MacroSet{Hooks: true}); err != nil {
		tb.Fatal(err)
	}
}

func model(i int) string { return fmt.Sprintf("m_%03d", i) }

// warmUp makes dbt parse the project and counts the statements that it sends.
func (p *project) warmUp(tb testing.TB) {
	tb.Helper()
	p.empty(tb)
	for _, c := range []*costs{&p.first, &p.rebuilt} {
		log := filepath.Join(p.cli.ScratchDir, "count")
		if err := os.RemoveAll(log); err != nil {
			tb.Fatal(err)
		}
		p.build(tb, "--log-format-file", "json", "--log-path", log)
		c.statements = statements(tb, filepath.Join(log, "dbt.log"), p.models)
	}
}

func (p *project) measure(tb testing.TB) {
	tb.Helper()
	builds := []*costs{&p.first, &p.rebuilt}
	if p.onlyRebuild {
		builds = builds[1:]
	} else {
		p.empty(tb)
	}
	for _, c := range builds {
		start, cpu := time.Now(), childrenCPU(tb)
		run := p.build(tb)
		c.process = append(c.process, time.Since(start).Seconds())
		c.cpu = append(c.cpu, childrenCPU(tb)-cpu)
		c.run = append(c.run, run)
	}
}

// build runs dbt and returns dbt's own measurement of the run, without its start.
func (p *project) build(tb testing.TB, flags ...string) (seconds float64) {
	tb.Helper()
	if p.binary != "" {
		p.runBinary(tb, flags)
	} else {
		if len(flags) == 0 {
			flags = []string{"--log-level-file", "debug"} // the default; keeps the log where it is
		}
		inv, err := p.cli.Invoke(tb.Context(), append(dbt.Command{"run"}, flags...), p.hooks, dbt.Version{})
		if err != nil || inv.ExitCode != 0 {
			tb.Fatalf("%s: dbt run: exit code %d, %v %s", p.name, inv.ExitCode, err, inv.Error)
		}
	}
	var results struct {
		ElapsedTime float64          `json:"elapsed_time"`
		Results     []jsontext.Value `json:"results"`
	}
	text, err := os.ReadFile(filepath.Join(p.cli.TargetPath, "run_results.json"))
	if err == nil {
		err = json.Unmarshal(text, &results)
	}
	if err != nil || len(results.Results) != p.models {
		tb.Fatalf("%s: %d results, %v", p.name, len(results.Results), err)
	}
	return results.ElapsedTime
}

func (p *project) runBinary(tb testing.TB, flags []string) {
	tb.Helper()
	args := append([]string{
		"--dbt-executable", p.cli.Executable, "--audit-table",
		"audit.dbt_audit_log", "run",
	}, flags...)
	cmd := exec.Command(p.binary, args...)
	cmd.Dir, cmd.Env = p.cli.WorkDir, p.cli.Env
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("dbt-tally %q: %v\n%s", args, err, out)
	}
}
