package server

import (
	"os"
	"path/filepath"
)

// Root is the directory of the repository: that of the nearest go.mod above.
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

// Cache is the directory .cache of the repository, where make tools puts programs.
func Cache() string { return filepath.Join(Root(), ".cache") }
