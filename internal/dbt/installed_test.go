package dbt

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstalledMacrosAreCurrentWithLineEndsOfWindows(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := NewInstalled([]string{dir}, "", operations)
	if changed, err := file.Write(); !changed || err != nil {
		t.Fatalf("Write: %t, %v", changed, err)
	}
	text, err := os.ReadFile(file.Path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, strings.ReplaceAll(string(text), "\n", "\r\n"), file.Path)
	if current, err := file.Current(); !current || err != nil {
		t.Errorf("Current: %t, %v", current, err)
	}

	m, err := InstallMacros([]string{dir}, "", MacroSet{Hooks: true, Operations: operations})
	if err != nil {
		t.Fatal(err)
	}
	if m.Outdated || !m.Called || m.Path != file.Path {
		t.Errorf("InstallMacros: %+v; want the installed macros", m)
	}
	if _, err := os.Stat(filepath.Join(dir, macroFile)); err == nil {
		t.Error("a second macro file was written")
	}
	if err := m.Remove(); err != nil {
		t.Error(err)
	}
	if current, _ := file.Current(); !current {
		t.Error("the end of a run changed the installed macros")
	}
}

func TestInstalledMacrosOfAnotherVersionAreReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, installedMark+"{% macro run_hooks() %}{% endmacro %}", dir, installedFile)
	m, err := InstallMacros([]string{dir}, "", MacroSet{Hooks: true})
	if err != nil || !m.Outdated {
		t.Errorf("InstallMacros: %+v, %v; want Outdated", m, err)
	}
}
