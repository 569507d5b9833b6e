package postgres

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"
	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// errNoBinaries is the reason for skipping tests.
var errNoBinaries = errors.New("no PostgreSQL on PATH or in /usr/lib/postgresql, and none could be downloaded")

// binaries returns the directory of initdb and postgres: the machine's or, if there is
// none, that of a download, which is made once per clone.
func binaries() (string, error) {
	if dir := ofThisMachine(); dir != "" {
		return dir, nil
	}
	dir := filepath.Join(server.Cache(), "postgres", string(embeddedpostgres.V17))
	if err := download(dir); err != nil {
		return "", fmt.Errorf("%w: %w", errNoBinaries, err)
	}
	return filepath.Join(dir, "bin"), nil
}

// ofThisMachine returns the directory of the machine's own programs, or "". Debian does
// not put them on the PATH, and has one directory per version.
func ofThisMachine() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && isBin(filepath.Dir(path)) {
			return filepath.Dir(path)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	slices.Sort(found)
	for _, dir := range slices.Backward(found) {
		if isBin(dir) {
			return dir
		}
	}
	return ""
}

func isBin(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return false
		}
	}
	return true
}

// download fetches zonky's build of PostgreSQL from Maven Central to dir, unless it is
// there already. The tests of several packages share one download.
func download(dir string) error {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(parent, "lock")).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	if isBin(filepath.Join(dir, "bin")) {
		return nil
	}
	scratch, err := os.MkdirTemp(parent, "download-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	if err := fetch(scratch); err != nil {
		return err
	}
	return os.Rename(filepath.Join(scratch, "programs"), dir)
}

// fetch downloads and unpacks to "programs" in dir. The library cannot only do that: it
// then starts a server in its own way, which PostgreSQL refuses for root. A data
// directory that contains only a version makes it stop right before.
func fetch(dir string) error {
	data, programs := filepath.Join(dir, "data"), filepath.Join(dir, "programs")
	if err := os.Mkdir(data, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("17\n"), 0o644); err != nil {
		return err
	}
	started := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.V17).Port(0).Logger(nil).
		CachePath(dir).BinariesPath(programs).DataPath(data).RuntimePath(filepath.Join(dir, "runtime"))).Start()
	if !isBin(filepath.Join(programs, "bin")) {
		return started
	}
	return nil
}
