// Package workspace handles the files around a run: it reads the checkout that CI created,
// writes files safely, and gives files that root created to the owner of the workspace.
package workspace

import (
	"path/filepath"
)

// Absolute resolves path from the directory base.
func Absolute(base, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(base, path)
}

// Checkout is the directory to which CI checked out the repository, "" outside of CI.
type Checkout string

// Relative makes a path relative to the checkout, because a container's absolute
// path means nothing to later steps. A path outside of the checkout is returned
// unchanged.
func (c Checkout) Relative(path string) string {
	relative, err := filepath.Rel(string(c), path)
	if path == "" || c == "" || err != nil || !filepath.IsLocal(relative) {
		return path
	}
	return relative
}

// RepositoryFile returns the path of an existing file relative to the repository,
// with forward slashes, or "" if the file is not in it. Symbolic links are
// resolved: dbt links a local package into dbt_packages, while its files are
// elsewhere in the repository.
func (c Checkout) RepositoryFile(path string) string {
	if c == "" {
		return ""
	}
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	if relative := c.Relative(path); relative != path {
		return filepath.ToSlash(relative)
	}
	return ""
}
