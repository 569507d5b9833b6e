package server

import (
	"os"
	"path/filepath"
)

// Root returns the root directory of the repository: the nearest parent with a go.mod.
func Root() string {
	dir, err := filepath.Abs(".")
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// Cache returns the directory .cache of the repository, in which make tools installs
// programs.
func Cache() string { return filepath.Join(Root(), ".cache") }
