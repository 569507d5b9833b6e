package dbt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

const (
	// installedFile is the name of the macro file that stays in a project.
	installedFile = "dbt_tally.sql"
	// installedMark is the first line of that file. A file without it is never touched.
	installedMark = "{#- dbt-tally: written by dbt-tally install, which also updates it. Do not edit. -#}\n"
)

// Installed is the macro file that stays in a project, for a dbt that dbt-tally does not
// start, as in dbt Cloud. Its macros do nothing without DBT_TALLY_RELATION.
type Installed struct {
	Path string
	// RunHooksIn, Called and OwnHooks are as in Macros.
	RunHooksIn string
	Called     bool
	OwnHooks   []string

	text string
}

// NewInstalled returns the file for a project, without writing it. It has the same macros
// as InstallMacros writes for one run: without run_hooks if the project defines that
// itself.
func NewInstalled(macroPaths []string, packagesPath, operations string) Installed {
	m := Macros{Called: true}
	m.findRunHooks(macroPaths, packagesPath)
	parts := macroParts(MacroSet{Hooks: true, Operations: operations}, m.RunHooksIn == "")
	return Installed{
		Path:       filepath.Join(macroPaths[0], installedFile),
		RunHooksIn: m.RunHooksIn, Called: m.Called, OwnHooks: m.OwnHooks,
		text: installedMark + "\n" + strings.Join(parts, "\n"),
	}
}

// Current reports whether the project has exactly these macros. Git may have changed the
// ends of the lines.
func (i Installed) Current() (bool, error) {
	there, err := i.read()
	return string(bytes.ReplaceAll(there, []byte("\r\n"), []byte("\n"))) == i.text, err
}

// Write writes the file unless it is current. A file of that name that is not ours is left
// alone, with ErrForeignMacroFile.
func (i Installed) Write() (changed bool, err error) {
	if current, err := i.Current(); current || err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(i.Path), 0o755); err != nil {
		return false, fmt.Errorf("install the macros: %w", err)
	}
	if err := os.WriteFile(i.Path, []byte(i.text), 0o644); err != nil {
		return false, fmt.Errorf("install the macros: %w", err)
	}
	return true, nil
}

// Remove removes the file, even of another version, and its directory if it is then empty.
func (i Installed) Remove() (removed bool, err error) {
	there, err := i.read()
	if there == nil || err != nil {
		return false, err
	}
	if err := os.Remove(i.Path); err != nil {
		return false, fmt.Errorf("remove the macros: %w", err)
	}
	_ = os.Remove(filepath.Dir(i.Path)) // fails if it contains other files
	return true, nil
}

// read returns the text of the file, or nil if there is none.
func (i Installed) read() ([]byte, error) {
	text, err := os.ReadFile(i.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read the installed macros: %w", err)
	case !isInstalled(text):
		return nil, fmt.Errorf("%s: %w; rename the file; see %s", i.Path, ErrForeignMacroFile, docs.DBTCloud)
	}
	return text, nil
}

func isInstalled(text []byte) bool {
	return strings.HasPrefix(string(text), strings.TrimSpace(installedMark))
}

// readInstalled returns the installed macros of a project. Git may have changed the ends of
// the lines.
func readInstalled(dir string) (text string, ok bool) {
	raw, err := os.ReadFile(filepath.Join(dir, installedFile))
	return strings.ReplaceAll(string(raw), "\r\n", "\n"), err == nil && isInstalled(raw)
}
