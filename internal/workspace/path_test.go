package workspace

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// The project is in a subdirectory and uses a local package of the repository, which dbt
// links into its directory of packages.
func TestFilesOfTheProjectAndOfItsPackages(t *testing.T) {
	t.Parallel()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{
		"shop/models/orders.sql", "shop/dbt_packages/hub/models/hub.sql",
		"tools/models/orders.sql",
	} {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../../tools", filepath.Join(root, "shop/dbt_packages/tools")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"shop/models/orders.sql":                    "shop/models/orders.sql",
		"shop/dbt_packages/tools/models/orders.sql": "tools/models/orders.sql",
		"shop/dbt_packages/hub/models/hub.sql":      "shop/dbt_packages/hub/models/hub.sql",
		"shop/dbt_packages/gone/models/orders.sql":  "",
	} {
		if got := Checkout(root).RepositoryFile(filepath.Join(root, path)); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
		if got := Checkout("").RepositoryFile(filepath.Join(root, path)); got != "" {
			t.Errorf("%s outside of CI: got %q", path, got)
		}
	}
	if got := Checkout(root).RepositoryFile(os.TempDir()); got != "" {
		t.Errorf("a path outside of the checkout: got %q", got)
	}
}

// Two runs in one checkout prove at the same time that they can write their reports.
func TestADirectoryIsProvenByManyRunsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var runs sync.WaitGroup
	for range 50 {
		runs.Go(func() {
			if err := MakeWritable(dir); err != nil {
				t.Error(err)
			}
		})
	}
	runs.Wait()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
