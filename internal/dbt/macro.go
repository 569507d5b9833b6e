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

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

//go:embed macros/*.sql
var macros embed.FS

const (
	// macroFile is the name of the macro file in a project.
	macroFile = "__dbt_tally.sql"
	// macroMark is the first line of our macro file. A file without it is never touched.
	macroMark = "{#- dbt-tally: written for one run and removed after it. Do not edit. -#}\n"
)

// Macros describes the installed audit macros and whether the project will call them.
type Macros struct {
	Path string // the file written
	// RunHooksIn is the project's file that defines run_hooks itself, or "" if there is
	// none. Then the hooks are called only if that file calls them.
	RunHooksIn string
	// Called reports whether the audit hooks, if installed, will be called.
	Called bool
	// OwnHooks names the installed packages that define run_hooks themselves. The audit
	// hooks are not called for their models.
	OwnHooks []string
	// Outdated means that the project has the macros of Install, of another version.
	Outdated bool

	file *sharedFile
}

// MacroSet selects the macros that a run needs. Each of them costs dbt time at every
// model, even if it is not called.
type MacroSet struct {
	Hooks      bool   // the audit hooks
	Operations string // the text of the macros for run-operation; "": none
}

// InstallMacros writes the audit macros to the first of the project's macro-paths, which
// it creates if necessary. Remove removes them. Runs in one checkout that use the same
// macros share the file, and the last one removes it. The file of a killed run is
// replaced. A file of that name that is not ours is left alone, with ErrForeignMacroFile.
// If the project defines run_hooks itself, only dbt_tally_before and dbt_tally_after are
// installed. Nothing is written if the project has the macros of Install.
func InstallMacros(macroPaths []string, packagesPath string, set MacroSet) (Macros, error) {
	if len(macroPaths) == 0 {
		return Macros{}, fmt.Errorf("write the audit macros: %w; add a directory to macro-paths in dbt_project.yml; see %s",
			ErrNoMacroPaths, docs.Troubleshooting)
	}
	if err := ownMacro(macroPaths); err != nil {
		return Macros{}, err
	}
	m := Macros{Called: true, Path: filepath.Join(macroPaths[0], macroFile)}
	if set.Hooks {
		m.findRunHooks(macroPaths, packagesPath)
	}
	if text, installed := readInstalled(macroPaths[0]); installed {
		m.Path = filepath.Join(macroPaths[0], installedFile)
		for _, part := range macroParts(set, m.RunHooksIn == "") {
			m.Outdated = m.Outdated || !strings.Contains(text, part)
		}
		return m, RemoveLeftOver(macroPaths)
	}
	var err error
	m.file, err = shareFile(m.Path, macroParts(set, m.RunHooksIn == ""))
	switch {
	case errors.Is(err, ErrForeignMacroFile):
		return Macros{}, fmt.Errorf("write the audit macros to %s: %w; rename the file; see %s",
			m.Path, err, docs.Troubleshooting)
	case errors.Is(err, ErrMacroFileInUse):
		return Macros{}, fmt.Errorf("write the audit macros to %s: %w; run each version in a separate checkout",
			m.Path, err)
	case err != nil:
		return Macros{}, fmt.Errorf("write the audit macros to %s: %w", m.Path, err)
	}
	return m, nil
}

// Remove removes the macros from the project, unless another run still uses them. It may
// be called twice, and on the zero value.
func (m Macros) Remove() error {
	if m.file == nil {
		return nil
	}
	if err := m.file.release(); err != nil {
		return fmt.Errorf("remove the audit macros: %w", err)
	}
	return nil
}

// RemoveLeftOver removes the macros of a killed run from the project, for a run that
// installs none. Macros that another run uses stay.
func RemoveLeftOver(macroPaths []string) error {
	if len(macroPaths) == 0 {
		return nil
	}
	if err := removeUnused(filepath.Join(macroPaths[0], macroFile)); err != nil {
		return fmt.Errorf("remove the audit macros of an earlier run: %w", err)
	}
	return nil
}

// macroParts returns the parts of the macro file, with or without the override of
// run_hooks.
func macroParts(set MacroSet, override bool) []string {
	var names []string
	if set.Hooks {
		names = append(names, "hooks.sql", "insert.sql", "written.sql", "counters.sql", "change_column.sql")
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
			panic(err) // embedded at build time
		}
		parts = append(parts, string(part))
	}
	return parts
}

// ownMacro returns ErrOwnMacro if the project defines a macro whose name is one of ours,
// because dbt refuses a project with two macros of one name.
func ownMacro(macroPaths []string) (err error) {
	for _, dir := range macroPaths {
		eachMacroFile(dir, func(path, text string) {
			if name := definesOurs.FindStringSubmatch(comment.ReplaceAllString(text, "")); name != nil {
				err = fmt.Errorf("write the audit macros: %w: %s in %s; rename it; see %s",
					ErrOwnMacro, name[1], path, docs.Troubleshooting)
			}
		})
	}
	return err
}

var (
	comment         = regexp.MustCompile(`(?s)\{#.*?#\}`)
	definesOurs     = regexp.MustCompile(`\{%-?\s*macro\s+(dbt_tally_\w+)\s*\(`)
	definesRunHooks = regexp.MustCompile(`\{%-?\s*macro\s+run_hooks\s*\(`)
	callsBefore     = regexp.MustCompile(`\bdbt_tally_before\s*\(`)
	callsAfter      = regexp.MustCompile(`\bdbt_tally_after\s*\(`)
)

// findRunHooks looks for definitions of run_hooks in the project and in its installed
// packages. For the models of a package dbt prefers the package's own definition.
func (m *Macros) findRunHooks(macroPaths []string, packagesPath string) {
	for _, dir := range macroPaths {
		eachMacroFile(dir, func(path, text string) {
			if definesRunHooks.MatchString(text) {
				m.RunHooksIn = path
				m.Called = callsBefore.MatchString(text) && callsAfter.MatchString(text)
			}
		})
	}
	packages, _ := os.ReadDir(packagesPath) // an error means that none is installed
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

// AddToRunHooks states what to add to a project's own run_hooks, in that file.
func AddToRunHooks(file string) string {
	return fmt.Sprintf("the project defines run_hooks itself, in %s; "+
		"add {%% do dbt_tally_before(hooks, inside_transaction) if dbt_tally_before is defined %%} as its first line "+
		"and {%% do dbt_tally_after(hooks, inside_transaction) if dbt_tally_after is defined %%} as its last; see %s",
		file, docs.AuditTable)
}

// eachMacroFile calls see with every macro file below dir except ours. It ignores files
// that cannot be read, because dbt will report them.
func eachMacroFile(dir string, see func(path, text string)) {
	_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".sql" || entry.Name() == macroFile {
			return nil
		}
		if text, err := os.ReadFile(path); err == nil && !isInstalled(text) {
			see(path, string(text))
		}
		return nil
	})
}
