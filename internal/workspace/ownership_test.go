//go:build unix

package workspace

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// workspace returns a folder after a run: it contains a new file, a file with the time of
// the archive from which it came, and a link that leads outside.
func workspace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "dbt_packages", "utils"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"report.json", "dbt_packages/utils/macro.sql"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().AddDate(-3, 0, 0)
	err := errors.Join(
		os.Chtimes(filepath.Join(dir, "dbt_packages", "utils", "macro.sql"), old, old),
		os.Symlink(t.TempDir(), filepath.Join(dir, "link")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestChangedSinceListsTheFilesOfTheOwner(t *testing.T) {
	t.Parallel()
	all := []string{".", "dbt_packages", "dbt_packages/utils", "dbt_packages/utils/macro.sql", "link", "report.json"}
	me := uint32(os.Getuid())
	for name, c := range map[string]struct {
		uid   uint32
		since time.Time
		want  []string
	}{
		"created in this run": {me, time.Now(), all},
		"older":               {me, time.Now().Add(time.Minute), nil},
		"another user's":      {me + 1, time.Now(), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := changedSince(os.DirFS(workspace(t)), c.uid, c.since)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// unreadable is a directory in which one entry cannot be read.
type unreadable struct{ fs.FS }

func (u unreadable) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "dbt_packages" {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return fs.ReadDir(u.FS, name)
}

func TestAnUnreadableFolderDoesNotHideOthers(t *testing.T) {
	t.Parallel()
	got, err := changedSince(unreadable{os.DirFS(workspace(t))}, uint32(os.Getuid()), time.Now())
	if !errors.Is(err, fs.ErrPermission) || !slices.Contains(got, "report.json") {
		t.Errorf("%q, %v; want report.json, and the error", got, err)
	}
}

// Only root can give files away. For other users this test shows that GiveBack does nothing;
// make e2e tests the rest from outside of a container.
func TestTheOwnerOfAFolderGetsTheFilesOfRoot(t *testing.T) {
	t.Parallel()
	dir := workspace(t)
	owner := os.Getuid()
	if owner == 0 {
		owner = 4321
		if err := os.Chown(dir, owner, owner); err != nil {
			t.Fatal(err)
		}
	}
	if err := Borrow(dir, time.Now()).GiveBack(); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err == nil && info.Sys().(*syscall.Stat_t).Uid != uint32(owner) {
			t.Errorf("%s does not belong to its owner", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAMissingFolderIsAnError(t *testing.T) {
	t.Parallel()
	if err := Borrow(filepath.Join(t.TempDir(), "none"), time.Now()).GiveBack(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v; want that it does not exist", err)
	}
}

// A run that was killed leaves its note, and the next one gives back the files of both.
func TestTheFilesOfAKilledRunAreGivenBackByTheNext(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	for name, git := range map[string]bool{"in a checkout": true, "without Git": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if git {
				if err := os.Mkdir(filepath.Join(dir, ".git"), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Chown(dir, 4321, 4321); err != nil {
				t.Fatal(err)
			}
			Borrow(dir, time.Now()) // and then it is killed
			create(t, dir, "killed")
			hour := time.Now().Add(time.Hour)
			if err := Borrow(dir, hour).GiveBack(); err != nil {
				t.Fatal(err)
			}
			if got := ownerOf(t, filepath.Join(dir, "killed")); got != 4321 {
				t.Errorf("the killed run's file belongs to %d; want 4321", got)
			}
			create(t, dir, "later")
			if err := Borrow(dir, hour).GiveBack(); err != nil {
				t.Fatal(err)
			}
			if got := ownerOf(t, filepath.Join(dir, "later")); got != 0 {
				t.Errorf("a file between two runs belongs to %d; want root, because the first one's note is gone", got)
			}
		})
	}
}

// A checkout cannot pretend that a run was killed, nor lead the note out of the workspace.
func TestANoteOfTheCheckoutIsNoNote(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "outside")
	create(t, dir, "roots")
	err := errors.Join(
		os.Symlink(outside, filepath.Join(dir, ".dbt-tally-unfinished")),
		os.Chown(dir, 4321, 4321),
	)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(time.Hour)
	if loan := Borrow(dir, now); !loan.since.Equal(now) {
		t.Errorf("since %v; want now, %v", loan.since, now)
	}
	if _, err := os.Stat(outside); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the note was written outside of the workspace: %v", err)
	}
}

func create(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

func ownerOf(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Uid
}
