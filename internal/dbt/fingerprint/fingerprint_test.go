package fingerprint_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/dbt/fingerprint"
)

// manifest returns a manifest of the project shop with these nodes and macros.
func manifest(nodes, macros string) string {
	return `{"metadata": {"project_name": "shop", "adapter_type": "redshift"}, "nodes": {` + nodes +
		`}, "docs": {"x": [1]}, "macros": {` + macros + `}, "parent_map": {}}`
}

// orders returns a model. The fields are added to its own fields, or replace them.
func orders(fields string) string {
	return `"model.shop.orders": {"package_name": "shop", "original_file_path": "models/orders.sql",
		"patch_path": "shop://models/schema.yml", "raw_code": "select 1", "unrendered_config": {},
		"depends_on": {"nodes": ["seed.shop.raw"], "macros": ["macro.shop.a"]}` + fields + `}`
}

func read(t *testing.T, text string) fingerprint.Node {
	t.Helper()
	nodes, err := fingerprint.Read(strings.NewReader(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(nodes) != 1 {
		t.Fatalf("%d nodes, want 1", len(nodes))
	}
	return nodes[0]
}

const (
	macroA = `"macro.shop.a": {"package_name": "shop", "original_file_path": "macros\\a.sql", "macro_sql": "a",
		"depends_on": {"macros": ["macro.shop.b", "macro.shop.a", "macro.dbt.c", "macro.shop.gone"]}}`
	macroB = `, "macro.shop.b": {"package_name": "shop", "original_file_path": "macros/b.sql", "macro_sql": "b"}`
)

func TestANodeHasItsParentsAndFiles(t *testing.T) {
	t.Parallel()
	got := read(t, manifest(orders(""), macroA+macroB))
	if len(got.Fingerprint) != 32 {
		t.Errorf("fingerprint %q, want 32 hexadecimal digits", got.Fingerprint)
	}
	got.Fingerprint = ""
	want := fingerprint.Node{
		ID: "model.shop.orders", Parents: []string{"seed.shop.raw"},
		Files: []string{"macros/a.sql", "macros/b.sql", "models/orders.sql", "models/schema.yml"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestASourceThatIsASeedHasItAsItsParent(t *testing.T) {
	t.Parallel()
	nodes, err := fingerprint.Read(strings.NewReader(`{"nodes": {
		"seed.shop.raw": {"relation_name": "\"db\".\"raw\".\"clicks\"", "checksum": {"checksum": "1"}, "unrendered_config": {}}
	}, "sources": {
		"source.shop.app.clicks": {"relation_name": "\"db\".\"raw\".\"clicks\""},
		"source.shop.app.other": {"relation_name": "\"db\".\"raw\".\"other\""}
	}}`), nil)
	if err != nil || len(nodes) != 3 {
		t.Fatalf("%d nodes, %v", len(nodes), err)
	}
	if diff := cmp.Diff([]string{"seed.shop.raw"}, nodes[1].Parents); diff != "" || nodes[2].Parents != nil {
		t.Errorf("the other source's parents %q (-want +got)\n%s", nodes[2].Parents, diff)
	}
}

func TestANodeReadsVars(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{
		"select {{ var('x') }}": true, "select {{ env_var('X') }}": false,
		"{{ env_var('X') }} {{ var('x') }}": true, "select 1": false,
	} {
		if got := read(t, manifest(orders(fmt.Sprintf(`, "raw_code": %q`, code)), macroA)); got.ReadsVars != want {
			t.Errorf("%s: %v, want %v", code, got.ReadsVars, want)
		}
	}
	calling := strings.Replace(macroA, `"macro_sql": "a"`, `"macro_sql": "{{ var('x') }}"`, 1)
	if !read(t, manifest(orders(""), calling)).ReadsVars {
		t.Error("a macro's var() is not seen")
	}
}

func TestTheValuesOfVariablesCount(t *testing.T) {
	t.Parallel()
	with := func(text string, vars fingerprint.Vars) fingerprint.Node {
		t.Helper()
		nodes, err := fingerprint.Read(strings.NewReader(text), vars)
		if err != nil || len(nodes) != 1 {
			t.Fatalf("%d nodes, error %v", len(nodes), err)
		}
		return nodes[0]
	}
	calling := strings.Replace(macroA, `"macro_sql": "a"`, `"macro_sql": "{{ var('x') }}"`, 1)
	for name, tc := range map[string]struct {
		text    string
		vars    fingerprint.Vars
		changes bool
	}{
		"its code":             {manifest(orders(`, "raw_code": "{{ var('x') }}"`), ""), fingerprint.Vars{"": {"x": "2"}}, true},
		"with a default":       {manifest(orders(`, "raw_code": "{{ var(\"x\", 1) }}"`), ""), fingerprint.Vars{"": {"x": "2"}}, true},
		"its configuration":    {manifest(orders(`, "unrendered_config": {"enabled": "{{ var('x') }}"}`), ""), fingerprint.Vars{"": {"x": "2"}}, true},
		"its macro":            {manifest(orders(""), calling), fingerprint.Vars{"": {"x": "2"}}, true},
		"spaced out":           {manifest(orders(`, "raw_code": "{{ var ( 'x' ) }}"`), ""), fingerprint.Vars{"": {"x": "2"}}, true},
		"part of a word":       {manifest(orders(`, "raw_code": "{{ env_var('x') }} and covar('x')"`), ""), fingerprint.Vars{"": {"x": "2"}}, false},
		"a computed name":      {manifest(orders(`, "raw_code": "{{ var(n) }}"`), ""), fingerprint.Vars{"": {"x": "2"}}, true},
		"of its package":       {manifest(orders(`, "raw_code": "{{ var('x') }}"`), ""), fingerprint.Vars{"": {"x": "1"}, "shop": {"x": "2"}}, true},
		"another variable":     {manifest(orders(`, "raw_code": "{{ var('x') }}"`), ""), fingerprint.Vars{"": {"x": "1", "y": "2"}}, false},
		"of another package":   {manifest(orders(`, "raw_code": "{{ var('x') }}"`), ""), fingerprint.Vars{"": {"x": "1"}, "tools": {"x": "2"}}, false},
		"code without any":     {manifest(orders(""), ""), fingerprint.Vars{"": {"x": "2"}}, false},
		"a variable of system": {manifest(orders(`, "raw_code": "{{ env_var('x') }}"`), ""), fingerprint.Vars{"": {"x": "2"}}, false},
	} {
		before, after := with(tc.text, fingerprint.Vars{"": {"x": "1"}}), with(tc.text, tc.vars)
		if changes := before.Fingerprint != after.Fingerprint; changes != tc.changes {
			t.Errorf("%s: changes %v; want %v", name, changes, tc.changes)
		}
		if after.ReadsVars {
			t.Errorf("%s: the values are unknown; want known", name)
		}
	}
}

func TestMacrosThatAreNotTheProjectsDoNotCount(t *testing.T) {
	t.Parallel()
	before := read(t, manifest(orders(""), macroA+macroB)).Fingerprint
	calling := func(id, pkg, path string) string {
		a := strings.Replace(macroA, "macro.dbt.c", id, 1)
		return read(t, manifest(orders(""), a+macroB+fmt.Sprintf(
			`, %q: {"package_name": %q, "original_file_path": %q, "macro_sql": "c"}`, id, pkg, path))).Fingerprint
	}
	for _, test := range []struct {
		id, pkg, path string
		counts        bool
	}{
		{"macro.dbt.c", "dbt", "macros/c.sql", false},
		{"macro.dbt_redshift.c", "dbt_redshift", "macros/c.sql", false},
		{"macro.dbt_postgres.c", "dbt_postgres", "macros/c.sql", false},
		{"macro.shop.run_hooks", "shop", "macros/__dbt_tally.sql", false},
		{"macro.shop.dbt_tally_audit", "shop", "macros/installed.sql", false},
		{"macro.dbt_utils.c", "dbt_utils", "macros/c.sql", true},
		{"macro.dbt_snowflake.c", "dbt_snowflake", "macros/c.sql", true},
		{"macro.shop.c", "shop", "macros/c.sql", true},
	} {
		if counts := calling(test.id, test.pkg, test.path) != before; counts != test.counts {
			t.Errorf("%s of %s: counts is %v, want %v", test.id, test.path, counts, test.counts)
		}
	}
}

func TestWhatChangesTheFingerprint(t *testing.T) {
	t.Parallel()
	of := func(fields string) string { return read(t, manifest(orders(fields), macroA+macroB)).Fingerprint }
	call := func(config, arguments string) string {
		return of(`, "unrendered_config": ` + config + `, "raw_code": "{{ config(` + arguments + `) }} select 1"`)
	}
	for name, test := range map[string]struct {
		a, b string
		same bool
	}{
		"the order of keys": {
			of(`, "unrendered_config": {"a": 1, "b": 2}`), of(`, "unrendered_config": {"b": 2, "a": 1}`), true,
		},
		"the body":               {of(""), of(`, "raw_code": "select 2"`), false},
		"spaces around the body": {of(""), of(`, "raw_code": "\nselect 1\n"`), true},
		"meta.tally":             {of(""), of(`, "unrendered_config": {"meta": {"tally": {"max_drop": 1}}}`), true},
		"other meta":             {of(""), of(`, "unrendered_config": {"meta": {"owner": 1}}`), false},
		"tags, group, docs": {
			of(""), of(`, "unrendered_config": {"tags": ["x"], "group": "y", "docs": {"show": true}}`), true,
		},
		"the contract":      {of(""), of(`, "contract": {"checksum": "x"}`), false},
		"the version":       {of(""), of(`, "version": 1, "latest_version": 2`), false},
		"the compiled code": {of(""), of(`, "compiled_code": "select 2", "schema": "x", "relation_name": "y"`), true},
		"a value of the target": {
			call(`{"schema": "main"}`, `schema=target.schema`), call(`{"schema": "pr"}`, `schema=target.schema`), true,
		},
		"a value of the target, and one in YAML": {
			call(`{"alias": "a"}`, `schema=target.schema`), call(`{"alias": "b"}`, `schema=target.schema`), false,
		},
		"a setting's name inside a value": {
			call(`{"alias": "a"}`, `schema=name(alias='x'), tags=['alias=1'], database='(alias=1'`),
			call(`{"alias": "b"}`, `schema=name(alias='x'), tags=['alias=1'], database='(alias=1'`), false,
		},
		"a comparison": {
			call(`{"schema": "a"}`, `enabled = target.name == 'x', schema = 's' `),
			call(`{"schema": "b"}`, `enabled = target.name == 'x', schema = 's' `), true,
		},
		"a hook in YAML and one in the code": {
			call(`{"post-hook": ["a"]}`, `post_hook='b'`), call(`{"post-hook": ["c"]}`, `post_hook='b'`), false,
		},
		"a call that does not end": {call(`{"a": 1}`, `a=1, b='`), call(`{"a": 2}`, `a=1, b='`), true},
	} {
		if (test.a == test.b) != test.same {
			t.Errorf("%s: same is %v, want %v", name, test.a == test.b, test.same)
		}
	}
}

func TestANodeWithoutAFingerprintHasTheReason(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ node, want string }{
		"no unrendered_config":    {orders(`, "unrendered_config": null`), "the manifest has no unrendered_config"},
		"no code and no checksum": {orders(`, "raw_code": ""`), "the manifest has no checksum of its code"},
		"no depends_on":           {orders(`, "depends_on": null`), "the manifest does not list what it reads"},
		"a large seed": {
			`"seed.shop.raw": {"checksum": {"name": "path", "checksum": "seeds/raw.csv"}, "unrendered_config": {}}`,
			"dbt keeps no checksum of a seed above 1 MiB",
		},
	} {
		got := read(t, manifest(test.node, macroA))
		if got.Fingerprint != "" || got.Unreadable != test.want {
			t.Errorf("%s: fingerprint %q, %q; want none, %q", name, got.Fingerprint, got.Unreadable, test.want)
		}
		if want := name == "no depends_on"; got.Orphan != want {
			t.Errorf("%s: an orphan: %t, want %t", name, got.Orphan, want)
		}
	}
	left := read(t, manifest(orders(`, "raw_code": "--placeholder--", "checksum": {"checksum": "x"}`), macroA))
	if left.Fingerprint == "" {
		t.Errorf("code that was left out: %s", left.Unreadable)
	}
}

func TestAFileThatIsNotAManifestIsAnError(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{
		``:               io.EOF,
		`[]`:             fingerprint.ErrNoManifest,
		`{}`:             fingerprint.ErrNoManifest,
		`{"nodes": 1}`:   fingerprint.ErrNoManifest,
		`{"nodes": {"m`:  io.ErrUnexpectedEOF,
		`{"nodes": null`: io.ErrUnexpectedEOF,
	} {
		if _, err := fingerprint.Read(strings.NewReader(text), nil); !errors.Is(err, want) {
			t.Errorf("%s: got error %v, want %v", text, err, want)
		}
	}
}

// BenchmarkRead reads a manifest of 5,000 models with 10 kB of code each.
func BenchmarkRead(b *testing.B) {
	code := strings.Repeat("select 1 as id union all ", 400)
	var nodes strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&nodes, `"model.shop.m%d": {"raw_code": %q, "unrendered_config": {"materialized": "table"},
			"depends_on": {"nodes": [], "macros": ["macro.shop.a"]}},`, i, code)
	}
	text := manifest(strings.TrimSuffix(nodes.String(), ","), macroA+macroB)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		found, err := fingerprint.Read(strings.NewReader(text), nil)
		if err != nil || len(found) != 5000 {
			b.Fatal(len(found), err)
		}
	}
}
