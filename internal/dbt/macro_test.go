package dbt

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// write creates a file and its directories.
func write(t *testing.T, text string, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// operations is an example of the macros for run-operation.
const operations = "{% macro dbt_tally_prepare() %}{% endmacro %}\n"

func TestMacrosLeaveTheProjectAsItWas(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "macros")
	m, err := InstallMacros([]string{dir, "never-used"}, "", MacroSet{Hooks: true, Operations: operations})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, macro := range []string{"run_hooks(", "dbt_tally_before(", "dbt_tally_after(", "dbt_tally_prepare("} {
		if !strings.Contains(string(text), "{% macro "+macro) {
			t.Errorf("the macro file lacks %s", macro)
		}
	}
	for range 2 {
		if err := m.Remove(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the macro folder, which did not exist before, is still there: %v", err)
	}
}

func TestHooksAreInstalledWithoutTheOperations(t *testing.T) {
	t.Parallel()
	m, err := InstallMacros([]string{t.TempDir()}, "", MacroSet{Hooks: true})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	defined := map[string]bool{}
	for _, macro := range regexp.MustCompile(`macro (\w+)\(`).FindAllSubmatch(text, -1) {
		defined[string(macro[1])] = true
	}
	if defined["dbt_tally_prepare"] {
		t.Error("dbt_tally_prepare is installed, and no hook calls it")
	}
	for _, called := range regexp.MustCompile(`\bdbt_tally_\w+\(`).FindAllString(string(text), -1) {
		if name := strings.TrimSuffix(called, "("); !defined[name] {
			t.Errorf("%s is called and not defined", name)
		}
	}
}

func TestALeftOverIsReplacedAndTheFolderKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := write(t, macroMark+"a left-over", dir, macroFile)
	m, err := InstallMacros([]string{dir}, "", MacroSet{Operations: operations})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(old)
	if strings.Contains(string(text), "a left-over") || strings.Contains(string(text), "macro run_hooks") {
		t.Errorf("got\n%s", text)
	}
	if err := m.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the project's own folder was removed: %v", err)
	}
}

func TestAForeignFileIsNeverTouched(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := write(t, "theirs", dir, macroFile)
	m, err := InstallMacros([]string{dir}, "", MacroSet{Hooks: true})
	if !errors.Is(err, ErrForeignMacroFile) || !strings.Contains(err.Error(), path) {
		t.Errorf("got error %v, want ErrForeignMacroFile with the path", err)
	}
	if err := m.Remove(); err != nil {
		t.Error(err)
	}
	if text, _ := os.ReadFile(path); string(text) != "theirs" {
		t.Errorf("the file is now %q", text)
	}
}

func TestProjectsWithARunHooksOfTheirOwn(t *testing.T) {
	t.Parallel()
	const theirs = "{%- macro run_hooks(hooks, inside_transaction=True) -%}\n%s{{ dbt.run_hooks(hooks, inside_transaction) }}\n{% endmacro %}"
	tests := map[string]struct {
		body   string
		called bool
	}{
		"without the two lines": {"", false},
		"with one of them":      {"{% do dbt_tally_before(hooks, inside_transaction) %}", false},
		"with both":             {"{% do dbt_tally_before(hooks, inside_transaction) %}{% do dbt_tally_after(hooks, inside_transaction) %}", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			second := write(t, strings.Replace(theirs, "%s", test.body, 1), dir, "more", "deep", "hooks.sql")
			packages := filepath.Join(dir, "dbt_packages")
			write(t, theirs, packages, "stubborn", "macros", "h.sql")
			write(t, "{% macro run_hooks_not(x) %}{% endmacro %}", packages, "tame", "macros", "h.sql")

			m, err := InstallMacros([]string{filepath.Join(dir, "macros"), filepath.Join(dir, "more")},
				packages, MacroSet{Hooks: true})
			if err != nil {
				t.Fatal(err)
			}
			want := Macros{
				Path: filepath.Join(dir, "macros", macroFile), RunHooksIn: second, Called: test.called,
				OwnHooks: []string{"stubborn"},
			}
			if diff := cmp.Diff(want, m, cmpopts.IgnoreUnexported(Macros{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			text, _ := os.ReadFile(m.Path)
			if strings.Contains(string(text), "macro run_hooks") || !strings.Contains(string(text), "macro dbt_tally_before") {
				t.Errorf("got\n%s", text)
			}
		})
	}
}

func TestAnUnwritableMacroFolderIsAnError(t *testing.T) {
	t.Parallel()
	file := write(t, "", t.TempDir(), "macros")
	if _, err := InstallMacros([]string{file}, "", MacroSet{Hooks: true}); err == nil {
		t.Error("no error although macros is a file")
	}
}

func TestRunsInOneCheckoutShareTheMacros(t *testing.T) {
	t.Parallel()
	paths := []string{filepath.Join(t.TempDir(), "macros")}
	first, err := InstallMacros(paths, "", MacroSet{Hooks: true, Operations: "{# operations #}"})
	if err != nil {
		t.Fatal(err)
	}
	second, err := InstallMacros(paths, "", MacroSet{Operations: "{# operations #}"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(first.Remove(), RemoveLeftOver(paths)); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(second.Path); err != nil || !strings.Contains(string(text), "macro run_hooks") {
		t.Errorf("the first run to end removed the macros of the second: %v\n%s", err, text)
	}
	if err := second.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(paths[0]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder that the first run created is still there: %v", err)
	}
}

func TestManyRunsAtOnceLeaveNothing(t *testing.T) {
	t.Parallel()
	paths := []string{filepath.Join(t.TempDir(), "macros")}
	var runs sync.WaitGroup
	for range 8 {
		runs.Go(func() {
			for range 50 {
				m, err := InstallMacros(paths, "", MacroSet{Hooks: true})
				if err != nil {
					t.Error(err)
					return
				}
				if text, err := os.ReadFile(m.Path); err != nil || !strings.Contains(string(text), "macro run_hooks") {
					t.Errorf("the macros are missing: %v\n%s", err, text)
				}
				if err := m.Remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	runs.Wait()
	if left, err := os.ReadDir(paths[0]); len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}

func TestALeftOverIsRemoved(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "macros")
	write(t, macroMark+folderMark+"a left-over", dir, macroFile)
	if err := RemoveLeftOver([]string{dir}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
	theirs := write(t, "theirs", dir, macroFile)
	if err := RemoveLeftOver([]string{dir}); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(theirs); err != nil {
		t.Errorf("a file that is not dbt-tally's was removed: %v", err)
	}
}
