package warehouse_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// withSettings opens a store for a DuckDB profile. Working through dbt would fail.
func withSettings(t *testing.T, dir string, table warehouse.Table, settings map[string]any) *warehouse.Store {
	t.Helper()
	o := duckDBOptions(dbtBin(t), dir, table, warehouse.Write)
	o.Target.Settings = settings
	return open(t, o)
}

func TestDuckDBIsOpenedWithTheSettingsOfTheProfile(t *testing.T) {
	t.Parallel()
	encrypted := map[string]any{
		"path": "secret.duckdb", "alias": "vault", "options": map[string]any{"encryption_key": "it's a secret"},
	}
	// DuckDB writes encrypted files with the extension httpfs, which is not installed here,
	// or with this setting.
	unsafe := map[string]any{"force_mbedtls_unsafe": true}
	for name, tc := range map[string]struct {
		settings map[string]any
		table    warehouse.Table
		want     string
	}{
		"a file whose name is the schema's": {
			map[string]any{"path": "shop.duckdb"}, warehouse.Table{Schema: "shop", Name: "log"}, `"shop"."shop"."log"`,
		},
		"a file whose name is reserved": {
			map[string]any{"path": "main.duckdb"}, warehouse.Table{Schema: "s", Name: "log"}, `"main_db"."s"."log"`,
		},
		"dbt's schema": {
			map[string]any{"path": "shop.duckdb", "schema": "dev"}, warehouse.Table{Name: "log"}, `"shop"."dev"."log"`,
		},
		"an attached database, encrypted": {
			map[string]any{"path": "shop.duckdb", "config_options": unsafe, "attach": []any{encrypted}},
			warehouse.Table{Database: "vault", Schema: "s", Name: "log"},
			`"vault"."s"."log"`,
		},
		"an attached database in which dbt builds": {
			map[string]any{
				"path": ":memory:", "database": "vault", "config_options": unsafe, "attach": []any{encrypted},
			},
			warehouse.Table{Schema: "s", Name: "log"},
			`"vault"."s"."log"`,
		},
		"settings, configuration and secrets": {
			map[string]any{
				"path": "shop.duckdb", "threads": 4, "settings": map[string]any{"timezone": "Asia/Tokyo", "threads": 2},
				"config_options": map[string]any{"allow_unsigned_extensions": true},
				"secrets":        []any{map[string]any{"type": "http", "bearer_token": "t", "scope": "https://h"}},
			},
			warehouse.Table{Schema: "s", Name: "log"},
			`"shop"."s"."log"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			store := withSettings(t, dir, tc.table, tc.settings)
			// DuckDB refuses a view that reads a schema with its database's name.
			refused := ""
			if name == "a file whose name is the schema's" {
				refused = "the view shop.log_history"
			}
			got := prepare(t, store)
			if problems := strings.Join(got.Problems, "\n"); got.Relation != tc.want || (refused == "") != (problems == "") ||
				!strings.HasPrefix(problems, refused) {
				t.Errorf("relation %s, problems %q; want %s and %q", got.Relation, problems, tc.want, refused)
			}
			if rows := read(t, store, "none"); len(rows) > 0 {
				t.Errorf("%d rows of an empty table", len(rows))
			}
		})
	}
}

func TestADuckDBFileThatAnotherProcessHasOpen(t *testing.T) {
	t.Parallel()
	bin, dir := dbtBin(t), t.TempDir()
	table := warehouse.Table{Schema: "s", Name: "log"}
	store := open(t, duckDBOptions(bin, dir, table, warehouse.Write))
	prepare(t, store)
	// Another process can open the file between the calls.
	release := openElsewhere(t, bin, filepath.Join(dir, "lab.duckdb"))

	_, err := warehouse.Open(t.Context(), duckDBOptions(bin, dir, table, warehouse.Write))
	if err == nil || !strings.Contains(err.Error(), "lab.duckdb open, and only one process can open a DuckDB file; end it") ||
		!strings.Contains(err.Error(), "another process, ") {
		t.Errorf("error %v; want one with the process and the fix", err)
	}

	// After dbt has run, the store waits for the file.
	time.AfterFunc(time.Second, release)
	if rows := read(t, store, "none"); len(rows) > 0 {
		t.Errorf("%d rows of an empty table", len(rows))
	}
}

// openElsewhere keeps a file open in another process until end is called.
func openElsewhere(t *testing.T, bin, path string) (end func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "python"), "-c",
		"import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(); sys.stdout.flush(); sys.stdin.read()", path)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); _ = cmd.Wait() })
	if _, err := stdout.Read(make([]byte, 1)); err != nil {
		t.Fatalf("open %s in another process: %v", path, err)
	}
	return func() { stdin.Close() }
}

func TestOnlyDBTCanOpenSomeDuckDBs(t *testing.T) {
	t.Parallel()
	python, dir := filepath.Join(dbtBin(t), "python"), t.TempDir()
	noModule := filepath.Join(dir, "python3")
	if err := os.WriteFile(noModule, []byte("#!/bin/sh\nexec "+python+" -S \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		python   []string
		settings map[string]any
	}{
		"a plugin":                {[]string{python}, map[string]any{"plugins": []any{map[string]any{"module": "excel"}}}},
		"MotherDuck":              {[]string{python}, map[string]any{"path": "md:shop"}},
		"MotherDuck, attached":    {[]string{python}, map[string]any{"attach": []any{map[string]any{"path": "md:shop"}}}},
		"DuckLake":                {[]string{python}, map[string]any{"path": "ducklake:shop.ducklake"}},
		"a server":                {[]string{python}, map[string]any{"remote": map[string]any{"host": "h"}}},
		"an unknown setting":      {[]string{python}, map[string]any{"settings": map[string]any{"no_such": 1}}},
		"no Python":               {nil, nil},
		"a missing Python":        {[]string{filepath.Join(dir, "gone")}, nil},
		"a Python without DuckDB": {[]string{noModule}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := duckDBOptions("", t.TempDir(), warehouse.Table{Schema: "s", Name: "log"}, warehouse.Write)
			o.Python, o.Operator = tc.python, operator{}
			for key, value := range tc.settings {
				o.Target.Settings[key] = value
			}
			if open(t, o).Operations() == "" {
				t.Error("no macros; want the warehouse reached through dbt")
			}
		})
	}
}

func TestAReadOnlyDuckDBIsRefusedWithTheFix(t *testing.T) {
	t.Parallel()
	bin, dir := dbtBin(t), t.TempDir()
	execDuckDB(bin, dir)(t, "attach 'archive.duckdb' as archive", "create table archive.main.x (n int)")
	store := withSettings(t, dir, warehouse.Table{Database: "archive", Schema: "s", Name: "log"}, map[string]any{
		"path":   "lab.duckdb",
		"attach": []any{map[string]any{"path": "archive.duckdb", "alias": "archive", "read_only": true}},
	})
	_, err := store.Prepare(t.Context())
	if err == nil || !strings.Contains(err.Error(), "remove read_only from the database archive in the profile") {
		t.Errorf("error %v; want one with the fix", err)
	}
}

func TestNoErrorContainsASecretOfDuckDB(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := map[string]any{
		"path": "lab.duckdb", "config_options": map[string]any{"force_mbedtls_unsafe": true},
		"attach": []any{map[string]any{
			"path": "vault.duckdb", "alias": "vault", "options": map[string]any{"encryption_key": "hush hush"},
		}},
	}
	store := withSettings(t, dir, warehouse.Table{Database: "vault", Schema: "s", Name: "log"}, settings)
	prepare(t, store)
	if err := os.WriteFile(filepath.Join(dir, "vault.duckdb"), []byte("hush hush"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := store.Collect(t.Context(), warehouse.CollectRequest{Invocations: []string{"now"}})
	if err == nil || strings.Contains(err.Error(), "hush hush") {
		t.Errorf("error %v; want one without the secret", err)
	}
}
