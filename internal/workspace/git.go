package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Branch returns the branch that is checked out in the Git checkout that contains
// dir, and its commit. Both are "" outside of a checkout. The branch is also "" if HEAD is
// detached.
func Branch(dir string) (branch, commit string) {
	head, git, err := readHead(dir)
	if err != nil {
		return "", ""
	}
	ref, isRef := strings.CutPrefix(head, "ref: ")
	if !isRef {
		return "", head
	}
	if !filepath.IsLocal(ref) {
		return "", ""
	}
	commit, _ = resolve(git, ref)
	return strings.TrimPrefix(ref, "refs/heads/"), commit
}

// Commit returns the commit of the Git checkout that contains dir. It reads files instead
// of running git, because git executes programs that the configuration of an untrusted
// checkout names.
func Commit(dir string) (string, error) {
	head, git, err := readHead(dir)
	if err != nil {
		return "", err
	}
	ref, isRef := strings.CutPrefix(head, "ref: ")
	if !isRef {
		return head, nil
	}
	if !filepath.IsLocal(ref) {
		return "", fmt.Errorf("its HEAD is %q, which is not a commit or a branch", ref)
	}
	return resolve(git, ref)
}

// readHead returns the content of HEAD and the Git directory that contains it.
func readHead(dir string) (head, git string, err error) {
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", "", err
	}
	git = filepath.Join(dir, ".git")
	info, err := os.Lstat(git)
	if errors.Is(err, fs.ErrNotExist) {
		if parent := filepath.Dir(dir); parent != dir {
			return readHead(parent)
		}
		return "", "", errors.New("it is not in a Git checkout")
	}
	if err == nil && info.Mode().IsRegular() { // a worktree or a submodule
		git, err = linked(git)
	}
	if err != nil {
		return "", "", err
	}
	text, err := os.ReadFile(filepath.Join(git, "HEAD"))
	return strings.TrimSpace(string(text)), git, err
}

// linked returns the Git directory that a .git file names
// (https://git-scm.com/docs/gitrepository-layout).
func linked(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	path, found := strings.CutPrefix(strings.TrimSpace(string(text)), "gitdir: ")
	if !found {
		return "", errors.New("its .git file names no directory")
	}
	return Absolute(filepath.Dir(file), path), nil
}

// resolve returns the commit of a ref. The ref is a separate file, or packed, in the Git
// directory or, for a worktree, in the directory that the worktrees share.
func resolve(git, ref string) (string, error) {
	dirs := []string{git}
	if common, err := os.ReadFile(filepath.Join(git, "commondir")); err == nil {
		dirs = append(dirs, Absolute(git, strings.TrimSpace(string(common))))
	}
	for _, dir := range dirs {
		if commit, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(ref))); err == nil {
			return strings.TrimSpace(string(commit)), nil
		}
		packed, _ := os.ReadFile(filepath.Join(dir, "packed-refs")) // often there is none
		for line := range strings.Lines(string(packed)) {
			if commit, name, _ := strings.Cut(strings.TrimSpace(line), " "); name == ref {
				return commit, nil
			}
		}
	}
	return "", errors.New("its HEAD has no commit")
}
