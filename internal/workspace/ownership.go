//go:build unix

package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// GiveBack makes the owner of dir the owner of all files in it that this process created or
// changed since the given time. A container action runs as root in a workspace that belongs
// to another user, and the next job's checkout cannot remove files that belong to root
// (https://github.com/actions/runner/issues/434). GiveBack does nothing unless the process
// is root and the directory belongs to another user. The error of a missing directory is
// fs.ErrNotExist.
func GiveBack(dir string, since time.Time) error {
	var owner syscall.Stat_t
	if err := syscall.Stat(dir, &owner); err != nil {
		return &fs.PathError{Op: "stat", Path: dir, Err: err}
	}
	if os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir) // so that no symbolic link of the dbt project leads outside
	if err != nil {
		return err
	}
	defer root.Close()
	names, err := changedSince(root.FS(), 0, since)
	for _, name := range names {
		err = errors.Join(err, root.Lchown(filepath.FromSlash(name), int(owner.Uid), int(owner.Gid)))
	}
	return err
}

// changedSince lists the files that belong to the user and were changed since then.
// A directory that cannot be read is an error; the other files are still listed.
func changedSince(files fs.FS, uid uint32, since time.Time) ([]string, error) {
	since = since.Add(-time.Second) // file systems have their own clock, some only with whole seconds
	var names []string
	var problems error
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				stat, ok := info.Sys().(*syscall.Stat_t)
				if ok && stat.Uid == uid && !changeTime(stat).Before(since) {
					names = append(names, name)
				}
				return nil
			}
		}
		if !errors.Is(err, fs.ErrNotExist) {
			problems = errors.Join(problems, err)
		}
		return nil
	})
	return names, errors.Join(problems, err)
}
