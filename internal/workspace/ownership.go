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

// Loan is a directory in which a run creates files as root and which belongs to another
// user, who must be able to remove them. A container action runs as root in such a
// workspace, and the next job's checkout cannot remove root's files
// (https://github.com/actions/runner/issues/434).
type Loan struct {
	dir   string
	since time.Time // of the first file to give back
}

// Borrow begins a run in dir. A note in dir lasts until GiveBack, so that the next run
// also gives back the files of one that was killed in between. Unless the process is root
// and the directory is not root's, it only remembers dir.
func Borrow(dir string, now time.Time) Loan {
	loan := Loan{dir: dir, since: now}
	if _, foreign, err := foreignOwner(dir); err != nil || !foreign {
		return loan
	}
	root, err := os.OpenRoot(dir) // no symbolic link of the dbt project leads out of it
	if err != nil {
		return loan
	}
	defer root.Close()
	name := note(root)
	if file, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644); err == nil {
		_ = file.Close()
		return loan
	}
	if killed, ok := rootsFile(root, name); ok && killed.ModTime().Before(now) {
		loan.since = killed.ModTime()
	}
	return loan
}

// GiveBack changes the owner of what was created or changed in the directory since the
// loan began to the owner of the directory. The error of a missing directory is
// fs.ErrNotExist.
func (l Loan) GiveBack() error {
	owner, foreign, err := foreignOwner(l.dir)
	if err != nil || !foreign {
		return err
	}
	root, err := os.OpenRoot(l.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	names, err := changedSince(root.FS(), 0, l.since)
	for _, name := range names {
		err = errors.Join(err, root.Lchown(filepath.FromSlash(name), int(owner.Uid), int(owner.Gid)))
	}
	if err != nil {
		return err // the next run tries again
	}
	// By now the note belongs to the owner of the directory.
	if err := root.Remove(note(root)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// foreignOwner returns the owner of dir, and whether root's files in it must be given back.
func foreignOwner(dir string) (owner syscall.Stat_t, foreign bool, err error) {
	if err := syscall.Stat(dir, &owner); err != nil {
		return owner, false, &fs.PathError{Op: "stat", Path: dir, Err: err}
	}
	return owner, os.Geteuid() == 0 && owner.Uid != 0, nil
}

// note returns the name of the note in a workspace: in Git's directory if it has one,
// because there no checkout removes it and no status lists it.
func note(root *os.Root) string {
	const name = "dbt-tally-unfinished"
	if git, err := root.Lstat(".git"); err == nil && git.IsDir() {
		return filepath.Join(".git", name)
	}
	return "." + name
}

// rootsFile returns a regular file of root. One that the checkout brought is another
// user's.
func rootsFile(root *os.Root, name string) (fs.FileInfo, bool) {
	info, err := root.Lstat(name)
	if err != nil || !info.Mode().IsRegular() {
		return nil, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return info, ok && stat.Uid == 0
}

// changedSince lists the files that belong to the user and were changed since then.
// A directory that cannot be read is an error; the other files are still listed.
func changedSince(files fs.FS, uid uint32, since time.Time) ([]string, error) {
	since = since.Add(-time.Second) // file systems have a clock of their own, some with whole seconds only
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
