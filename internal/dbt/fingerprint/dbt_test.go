package fingerprint_test

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dbt-tally/dbt-tally/internal/dbt/fingerprint"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/warmdbt"
	"github.com/dbt-tally/dbt-tally/internal/profile"
)

func TestMain(m *testing.M) { os.Exit(server.Main(m)) }

// An edit of the project, and the nodes that it edits. Each edit is about different
// nodes, so all can be applied at once and checked with one run of dbt.
type edit struct {
	name     string
	file     string
	from, to string
	edited   []string
	onlyUs   string // why the fingerprints differ although dbt's state:modified does not select them
	onlyDBT  string // why dbt's state:modified selects them although the fingerprints are equal
}

var edits = []edit{
	{
		name: "model body", file: "models/body.sql", from: "select 1", to: "select 2",
		edited: []string{"model.shop.body"},
	},
	{
		name: "config in SQL", file: "models/in_sql.sql", from: "'table'", to: "'view'",
		edited: []string{"model.shop.in_sql"},
	},
	{
		name: "config in YAML", file: "models/schema.yml",
		from:   "  - name: in_yaml\n    config: {materialized: table}",
		to:     "  - name: in_yaml\n    config: {materialized: view}",
		edited: []string{"model.shop.in_yaml"},
	},
	{
		name: "config in dbt_project.yml", file: "dbt_project.yml",
		from: "+materialized: view", to: "+materialized: table",
		edited: []string{"model.shop.in_project"},
	},
	{
		name: "macro that a macro calls", file: "macros/shop.sql",
		from: "inner_macro(x) %}{{ x }} + 0", to: "inner_macro(x) %}{{ x }} + 1",
		edited: []string{"model.shop.with_macro"},
	},
	{name: "macro that nothing calls", file: "macros/shop.sql", from: "%}1{%", to: "%}2{%"},
	{name: "dbt-tally's macro", file: "macros/__dbt_tally.sql", from: "%}1{%", to: "%}2{%"},
	{
		name: "package macro", file: "packages/tools/macros/tools.sql", from: "+ 0", to: "+ 1",
		edited: []string{"model.shop.with_package"},
	},
	{
		name: "seed file", file: "seeds/edited_seed.csv", from: "1\n", to: "2\n",
		edited: []string{"seed.shop.edited_seed"},
	},
	{
		name: "one of two snapshots in a file", file: "snapshots/edited_snapshot.sql",
		from: "select * from", to: "select id from",
		edited: []string{"snapshot.shop.edited_snapshot"},
	},
	{
		name: "contract", file: "models/schema.yml", from: "data_type: integer", to: "data_type: bigint",
		edited: []string{"model.shop.contracted"},
	},
	{
		name: "var default in SQL", file: "models/with_default.sql", from: "9", to: "8",
		edited: []string{"model.shop.with_default"},
	},
	{
		name: "var in dbt_project.yml", file: "dbt_project.yml", from: "least: 1", to: "least: 2",
		edited: []string{"model.shop.with_var"}, onlyUs: "dbt compares no values of variables unless a flag asks for it",
	},
	{
		name: "source", file: "models/schema.yml",
		from: "- name: clicks", to: "- name: clicks\n        identifier: other",
		edited: []string{"source.shop.raw.clicks"},
	},
	{
		name: "description", file: "models/schema.yml",
		from: "- name: described\n    description: before", to: "- name: described\n    description: after",
	},
	{
		name: "persisted description", file: "models/schema.yml",
		from:    "- name: persisted\n    description: before",
		to:      "- name: persisted\n    description: after",
		edited:  []string{"model.shop.persisted"},
		onlyDBT: "a comment in the warehouse changes no row and no column",
	},
	{name: "tags", file: "models/schema.yml", from: "{tags: [before]}", to: "{tags: [after]}"},
	{
		name: "meta.tally", file: "models/schema.yml",
		from:    "  - name: gated\n    config: {meta: {tally: {max_drop: 5%}}}",
		to:      "  - name: gated\n    config: {meta: {tally: {max_drop: 9%}}}",
		edited:  []string{"model.shop.gated"},
		onlyDBT: "a gate changes no row",
	},
	{
		name: "other meta", file: "models/schema.yml", from: "{owner: before", to: "{owner: after",
		edited: []string{"model.shop.owned"},
	},
	{
		name: "hook in YAML", file: "models/schema.yml", from: "select 1", to: "select 2",
		edited: []string{"model.shop.hooked"},
	},
	{
		name: "latest version", file: "models/schema.yml", from: "latest_version: 1", to: "latest_version: 2",
		edited: []string{"model.shop.versioned.v1", "model.shop.versioned.v2"},
	},
	{
		name: "ephemeral model", file: "models/inlined.sql", from: "select 1", to: "select 2",
		edited: []string{"model.shop.inlined"},
	},
	{
		name: "moved file", file: "models/moved.sql", to: "models/below/moved.sql",
		edited:  []string{"model.shop.moved"},
		onlyDBT: "the folder is not code; a setting of the folder is compared separately",
	},
	{
		name: "new model", file: "models/added.sql", to: "select 1 as id\n",
		edited: []string{"model.shop.added"},
	},
}

func TestEditedNodesAreThoseThatStateModifiedSelects(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.7-mysql", "1.8", "1.11", "1.12"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, version)
			p.dbt("deps") // links the package, so that the edit changes it
			p.dbt("parse", "--target-path", "main")
			main := p.fingerprints("main")
			p.dbt("parse", "--target", "pr", "--target-path", "pr")
			if diff := cmp.Diff(main, p.fingerprints("pr")); diff != "" {
				t.Errorf("another target, the same code (-main +pr):\n%s", diff)
			}
			for _, e := range edits {
				p.edit(e)
			}
			selected := p.dbt("--quiet", "ls", "--select", "state:modified", "--state", "main",
				"--output", "json", "--output-keys", "unique_id", "--target-path", "edited",
				"--resource-types", "model", "seed", "snapshot", "source")
			compare(t, selected, editedNodes(main, p.fingerprints("edited")))
		})
	}
}

func compare(t *testing.T, selected string, edited []string) {
	t.Helper()
	var dbts, ours []string
	for _, e := range edits {
		if e.onlyUs == "" {
			dbts = append(dbts, e.edited...)
		}
		if e.onlyDBT == "" {
			ours = append(ours, e.edited...)
		}
	}
	slices.Sort(dbts)
	slices.Sort(ours)
	var ids []string
	for line := range strings.Lines(selected) {
		if _, rest, ok := strings.Cut(line, `"unique_id": "`); ok {
			id, _, _ := strings.Cut(rest, `"`)
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	if diff := cmp.Diff(dbts, ids); diff != "" {
		t.Errorf("state:modified (-want +got):\n%s\n%s", diff, selected)
	}
	if diff := cmp.Diff(ours, edited); diff != "" {
		t.Errorf("fingerprints (-want +got):\n%s", diff)
	}
}

// editedNodes lists the nodes that are new or whose fingerprints differ.
func editedNodes(before, after map[string]string) []string {
	var list []string
	for _, id := range slices.Sorted(maps.Keys(after)) {
		if before[id] != after[id] {
			list = append(list, id)
		}
	}
	return list
}

// project is a copy of the project in testdata, and a dbt to run in it.
type project struct {
	t        *testing.T
	dir, bin string
}

func newProject(t *testing.T, version string) project {
	t.Helper()
	p := project{t, t.TempDir(), filepath.Join(warmdbt.Start(t, version), "bin", "dbt")}
	archive, err := txtar.ParseFile("testdata/shop.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range archive.Files {
		p.write(file.Name, file.Data)
	}
	if strings.HasSuffix(version, "-mysql") {
		p.write("profiles.yml", []byte(mysqlProfiles))
	}
	return p
}

// mysqlProfiles is for the one dbt 1.7, which has no DuckDB. Parsing opens no connection.
const mysqlProfiles = `shop:
  target: main
  outputs:
    main: {type: mysql, server: localhost, port: 3306, schema: main, username: dbt, password: dbt}
    pr: {type: mysql, server: localhost, port: 3306, schema: pr_12, username: dbt, password: dbt}
`

func (p project) write(name string, text []byte) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// edit applies the edit: without from, it moves an existing file or adds a new one.
func (p project) edit(e edit) {
	p.t.Helper()
	path := filepath.Join(p.dir, e.file)
	text, err := os.ReadFile(path)
	switch {
	case os.IsNotExist(err) && e.from == "":
		p.write(e.file, []byte(e.to))
	case err != nil:
		p.t.Fatal(err)
	case e.from == "":
		p.write(e.to, text)
		if err := os.Remove(path); err != nil {
			p.t.Fatal(err)
		}
	case !bytes.Contains(text, []byte(e.from)):
		p.t.Fatalf("%s: %s lacks %q", e.name, e.file, e.from)
	default:
		p.write(e.file, bytes.Replace(text, []byte(e.from), []byte(e.to), 1))
	}
}

func (p project) dbt(args ...string) string {
	p.t.Helper()
	cmd := exec.CommandContext(p.t.Context(), p.bin, args...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "DBT_SEND_ANONYMOUS_USAGE_STATS=false", "DBT_PROFILES_DIR="+p.dir)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("dbt %s: %v\n%s%s", strings.Join(args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String()
}

func (p project) fingerprints(target string) map[string]string {
	p.t.Helper()
	file, err := os.Open(filepath.Join(p.dir, target, "manifest.json"))
	if err != nil {
		p.t.Fatal(err)
	}
	defer file.Close()
	vars, err := profile.Project{Dir: p.dir, PackagesPath: filepath.Join(p.dir, "dbt_packages")}.Vars()
	if err != nil {
		p.t.Fatal(err)
	}
	nodes, err := fingerprint.Read(file, vars)
	if err != nil {
		p.t.Fatal(err)
	}
	found := map[string]string{}
	for _, node := range nodes {
		if node.Fingerprint == "" {
			p.t.Errorf("%s has no fingerprint: %s", node.ID, node.Unreadable)
		}
		found[node.ID] = node.Fingerprint
	}
	return found
}
