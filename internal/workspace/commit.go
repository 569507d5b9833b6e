package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Commit returns the commit at which the Git checkout that contains dir is. It reads
// files instead of running git, because git executes what the configuration of an
// untrusted checkout names.
func Commit(dir string) (string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	git := filepath.Join(dir, ".git")
	if _, err := os.Lstat(git); errors.Is(err, fs.ErrNotExist) {
		if parent := filepath.Dir(dir); parent != dir {
			return Commit(parent)
		}
		return "", errors.New("it is not in a Git checkout")
	}
	head, err := os.ReadFile(filepath.Join(git, "HEAD"))
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(head))
	ref, isRef := strings.CutPrefix(text, "ref: ")
	if !isRef {
		return text, nil
	}
	if !filepath.IsLocal(ref) {
		return "", fmt.Errorf("its HEAD is the unusual %q", ref)
	}
	commit, err := os.ReadFile(filepath.Join(git, ref))
	return strings.TrimSpace(string(commit)), err
}
