package dbt

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

//go:embed macros/*.sql
var macros embed.FS

const (
	// macroFile is the name under which the macros stand in a project.
	macroFile = "__dbt_tally.sql"
	// macroMark opens a macro file of ours; a file without it is never touched.
	macroMark = "{#- dbt-tally: written for one run and removed after it. Do not edit. -#}\n"
)

// ErrForeignMacroFile means that the project has a file of the name that the
// macros would get, and that it is not ours.
var ErrForeignMacroFile = errors.New("the file is not dbt-tally's")

// Macros says how the audit macros stand to the project's own.
type Macros struct {
	Path string // the file written
	// RunHooksIn is the project's file that defines run_hooks itself, "" where
	// there is none. The hooks are then called only if that file calls them.
	RunHooksIn string
	// Called says whether the audit hooks, where they are installed, will be called.
	Called bool
	// OwnHooks names the installed packages that define run_hooks themselves, for
	// whose models the audit hooks are not called.
	OwnHooks []string

	madeDir string // the folder made for the file, removed with it
}

// MacroSet says which macros a run needs. dbt spends time on each of them at every
// model, whether it is called or not.
type MacroSet struct {
	Hooks      bool   // the audit hooks
	Operations string // the text of the macros that run-operation calls, "" for none
}

// InstallMacros writes the audit macros into the first of the project's
// macro-paths (made where it is missing) and returns what was done; Remove undoes
// it. A left-over of an earlier run is replaced; a file of that name that is not
// ours is left alone, with ErrForeignMacroFile. Where the project defines
// run_hooks itself, only dbt_tally_before and dbt_tally_after are brought along.
func InstallMacros(macroPaths []string, packagesPath string, set MacroSet) (Macros, error) {
	m := Macros{Called: true}
	dir := macroPaths[0]
	m.Path = filepath.Join(dir, macroFile)
	switch old, err := os.ReadFile(m.Path); {
	case err == nil && !strings.HasPrefix(string(old), macroMark):
		return Macros{}, fmt.Errorf("write the audit macros to %s: %w; want that name free: rename the file; see docs/troubleshooting.md", m.Path, ErrForeignMacroFile)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return Macros{}, fmt.Errorf("read %s: %w", m.Path, err)
	}
	if set.Hooks {
		m.findRunHooks(macroPaths, packagesPath)
	}

	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		m.madeDir = dir
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return Macros{}, fmt.Errorf("make the macro folder: %w", err)
	}
	if err := os.WriteFile(m.Path, macroText(set, m.RunHooksIn == ""), 0o644); err != nil {
		return Macros{}, errors.Join(fmt.Errorf("write the audit macros: %w", err), m.Remove())
	}
	return m, nil
}

// Remove takes the macros out of the project again. It may be called twice, and
// on the zero value.
func (m Macros) Remove() error {
	if m.Path == "" {
		return nil
	}
	if err := os.Remove(m.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the audit macros: %w", err)
	}
	if m.madeDir != "" {
		_ = os.Remove(m.madeDir) // somebody else's file in it keeps it
	}
	return nil
}

// macroText is the macro file, with or without the override of run_hooks.
func macroText(set MacroSet, override bool) []byte {
	var names []string
	if set.Hooks {
		names = append(names, "hooks.sql")
	}
	if set.Hooks && override {
		names = append(names, "run_hooks.sql")
	}
	text := []byte(macroMark)
	if set.Operations != "" {
		text = append(text, "\n"+set.Operations...)
	}
	for _, name := range names {
		part, err := macros.ReadFile("macros/" + name)
		if err != nil {
			panic(err) // embedded when the program was built
		}
		text = append(append(text, '\n'), part...)
	}
	return text
}

var (
	definesRunHooks = regexp.MustCompile(`\{%-?\s*macro\s+run_hooks\s*\(`)
	callsBefore     = regexp.MustCompile(`\bdbt_tally_before\s*\(`)
	callsAfter      = regexp.MustCompile(`\bdbt_tally_after\s*\(`)
)

// findRunHooks looks for definitions of run_hooks in the project and in its
// installed packages. dbt prefers a package's own for the models of that package.
func (m *Macros) findRunHooks(macroPaths []string, packagesPath string) {
	for _, dir := range macroPaths {
		eachMacroFile(dir, func(path, text string) {
			if definesRunHooks.MatchString(text) {
				m.RunHooksIn = path
				m.Called = callsBefore.MatchString(text) && callsAfter.MatchString(text)
			}
		})
	}
	packages, _ := os.ReadDir(packagesPath) // none installed: none to look into
	for _, pkg := range packages {
		found := false
		eachMacroFile(filepath.Join(packagesPath, pkg.Name(), "macros"), func(_, text string) {
			found = found || definesRunHooks.MatchString(text)
		})
		if found {
			m.OwnHooks = append(m.OwnHooks, pkg.Name())
		}
	}
}

// eachMacroFile calls see with every macro file below dir but ours. What can't be
// read is passed over: dbt itself will say so.
func eachMacroFile(dir string, see func(path, text string)) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".sql" || entry.Name() == macroFile {
			return nil
		}
		if text, err := os.ReadFile(path); err == nil {
			see(path, string(text))
		}
		return nil
	})
}
