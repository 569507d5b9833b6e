package server

import (
	"os"
	"path/filepath"
)

// Cache is the directory .cache of the repository, where make tools puts programs:
// beside the nearest go.mod above.
func Cache() string {
	dir, err := filepath.Abs(".")
	for err == nil && dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	return filepath.Join(dir, ".cache")
}
