package app

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/profile"
)

// A project in a subfolder with a package of the repository's own, which dbt links
// into its folder of packages.
func TestFilesOfTheProjectAndOfItsPackages(t *testing.T) {
	t.Parallel()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"shop/models/orders.sql", "shop/dbt_packages/hub/models/hub.sql", "tools/models/orders.sql"} {
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
	s := &story{
		Command: Command{Environ: []string{"GITHUB_WORKSPACE=" + root}},
		project: profile.Project{Dir: filepath.Join(root, "shop"), Name: "shop", PackagesPath: filepath.Join(root, "shop/dbt_packages")},
	}
	for _, test := range []struct{ pkg, file, inProject, inRepository string }{
		{"shop", "models/orders.sql", "models/orders.sql", "shop/models/orders.sql"},
		{"tools", "models/orders.sql", "dbt_packages/tools/models/orders.sql", "tools/models/orders.sql"},
		{"hub", "models/hub.sql", "dbt_packages/hub/models/hub.sql", "shop/dbt_packages/hub/models/hub.sql"},
		{"gone", "models/orders.sql", "dbt_packages/gone/models/orders.sql", ""},
		{"shop", "", "", ""},
	} {
		inProject := s.path(dbt.ManifestNode{Package: test.pkg, Path: test.file})
		inRepository := s.repositoryPath(inProject)
		if inProject != test.inProject || inRepository != test.inRepository {
			t.Errorf("%s of %s: got %q and %q, want %q and %q", test.file, test.pkg, inProject, inRepository, test.inProject, test.inRepository)
		}
	}
}
