package profile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestVarsOfAProjectAndItsPackages(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"dbt_project.yml": {"dbt_project.yml": "name: shop\nvars: {x: 1, list: [a, b], tools: {y: 2}}\n"},
		"vars.yml":        {"dbt_project.yml": "name: shop\n", "vars.yml": "vars: {x: 1, list: [a, b], tools: {y: 2}}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			files["dbt_packages/tools/dbt_project.yml"] = "name: tools\nvars: {x: 7, y: 7, z: 7, tools: {own: 7}}\n"
			for path, text := range files {
				path = filepath.Join(dir, path)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Project{Dir: dir, PackagesPath: filepath.Join(dir, "dbt_packages")}.Vars()
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]map[string]string{
				"":      {"x": "1", "list": `["a","b"]`, "tools": `{"y":2}`},
				"tools": {"y": "2", "z": "7", "own": "7"}, // the project's values override the package's
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestVarsOfAProjectThatIsGone(t *testing.T) {
	t.Parallel()
	if got, err := (Project{Dir: t.TempDir()}).Vars(); err == nil {
		t.Errorf("%v; want an error", got)
	}
}
