package app

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/runner"
)

// leaveWorkspace gives back what this run made in the checkout, or in the working
// folder where there is none, and in the home that GitHub mounts for a job.
func (c Command) leaveWorkspace(actions *runner.Runner, since time.Time) {
	err := giveBack(cmp.Or(c.getenv("GITHUB_WORKSPACE"), c.Dir), since)
	if actions.Active() {
		if problem := giveBack(c.getenv("HOME"), since); !errors.Is(problem, fs.ErrNotExist) {
			err = errors.Join(err, problem)
		}
	}
	if err != nil {
		c.tell(actions, runner.Warning, "files of root may be left in the workspace: "+err.Error())
	}
}

// giveBack hands what this run made in a folder to the folder's owner. As a
// container action we are root in a workspace that is somebody else's, and what
// root leaves there the next job's checkout can't remove
// (https://github.com/actions/runner/issues/434).
func giveBack(dir string, since time.Time) error {
	var owner syscall.Stat_t
	if err := syscall.Stat(dir, &owner); err != nil {
		return &fs.PathError{Op: "stat", Path: dir, Err: err}
	}
	if os.Geteuid() != 0 || owner.Uid == 0 {
		return nil
	}
	root, err := os.OpenRoot(dir) // no link that dbt's project made leads out of it
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

// changedSince lists what a user owns and something was done to since then. A
// folder that can't be read is an error, and the others are listed.
func changedSince(files fs.FS, uid uint32, since time.Time) ([]string, error) {
	since = since.Add(-time.Second) // file systems keep a clock of their own, and some only seconds
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
