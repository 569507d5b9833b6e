package dbt

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

//go:embed macros/*.sql
var macros embed.FS

const (
	// macroFile is the name under which the macros stand in a project.
	macroFile = "__dbt_tally.sql"
	// macroMark opens a macro file of ours; a file without it is never touched.
	macroMark = "{#- dbt-tally: written for one run and removed after it. Do not edit. -#}\n"
)

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

	file *sharedFile
}

// MacroSet says which macros a run needs. dbt spends time on each of them at every
// model, whether it is called or not.
type MacroSet struct {
	Hooks      bool   // the audit hooks
	Operations string // the text of the macros that run-operation calls, "" for none
}

// InstallMacros writes the audit macros into the first of the project's
// macro-paths (created if it is missing) and returns what was done; Remove undoes
// it. Runs that use the same macros in one checkout share the file, and the last
// one removes it. A left-over of a killed run is replaced; a file of that name that
// is not ours is left alone, with ErrForeignMacroFile. If the project defines
// run_hooks itself, only dbt_tally_before and dbt_tally_after are brought along.
func InstallMacros(macroPaths []string, packagesPath string, set MacroSet) (Macros, error) {
	m := Macros{Called: true, Path: filepath.Join(macroPaths[0], macroFile)}
	if set.Hooks {
		m.findRunHooks(macroPaths, packagesPath)
	}
	var err error
	m.file, err = shareFile(m.Path, macroParts(set, m.RunHooksIn == ""))
	switch {
	case errors.Is(err, ErrForeignMacroFile):
		return Macros{}, fmt.Errorf("write the audit macros to %s: %w; rename the file; see %s",
			m.Path, err, docs.Troubleshooting)
	case errors.Is(err, ErrMacroFileInUse):
		return Macros{}, fmt.Errorf("write the audit macros to %s: %w; run each version in a checkout of its own",
			m.Path, err)
	case err != nil:
		return Macros{}, fmt.Errorf("write the audit macros to %s: %w", m.Path, err)
	}
	return m, nil
}

// Remove takes the macros out of the project again, unless another run still uses
// them. It may be called twice, and on the zero value.
func (m Macros) Remove() error {
	if m.file == nil {
		return nil
	}
	if err := m.file.release(); err != nil {
		return fmt.Errorf("remove the audit macros: %w", err)
	}
	return nil
}

// RemoveLeftOver takes the macros of a killed run out of the project, for a run
// that brings none. Macros that another run uses stay.
func RemoveLeftOver(macroPaths []string) error {
	if err := removeUnused(filepath.Join(macroPaths[0], macroFile)); err != nil {
		return fmt.Errorf("remove the audit macros of an earlier run: %w", err)
	}
	return nil
}

// macroParts are the parts of the macro file, with or without the override of
// run_hooks.
func macroParts(set MacroSet, override bool) []string {
	var names []string
	if set.Hooks {
		names = append(names, "hooks.sql")
	}
	if set.Hooks && override {
		names = append(names, "run_hooks.sql")
	}
	var parts []string
	if set.Operations != "" {
		parts = append(parts, set.Operations)
	}
	for _, name := range names {
		part, err := macros.ReadFile("macros/" + name)
		if err != nil {
			panic(err) // embedded when the program was built
		}
		parts = append(parts, string(part))
	}
	return parts
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
