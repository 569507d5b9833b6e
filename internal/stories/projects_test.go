package stories

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDBTDoesTheSameWithAndWithout runs the projects of testdata/projects twice, side by
// side: with dbt and with dbt-tally. dbt must have the same output, exit code and files, and each
// count must be correct. A directory with a file steps is a separate project on top of
// base; all others are combined on top of base, so that a new shape does not need another
// run of dbt. A line of steps is a dbt command, optionally after variables, or selects a
// dbt and a warehouse: on 1.12 postgres.
func TestDBTDoesTheSameWithAndWithout(t *testing.T) {
	t.Parallel()
	root := testdata("projects")
	folders, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var joined []string
	steps := map[string][]byte{}
	for _, folder := range folders {
		dir := filepath.Join(root, folder.Name())
		text, err := os.ReadFile(filepath.Join(dir, "steps"))
		if errors.Is(err, fs.ErrNotExist) {
			joined = append(joined, dir)
		} else if err != nil {
			t.Fatal(err)
		}
		steps[folder.Name()] = text
	}
	for name, text := range steps {
		layers := []string{filepath.Join(root, "base"), filepath.Join(root, name)}
		if name == "base" {
			layers = append([]string{filepath.Join(root, "base")}, joined...)
		}
		var commands []string
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "on ") {
				commands = append(commands, line)
			}
		}
		for _, on := range regexp.MustCompile(`(?m)^on (\S+) (\S+)$`).FindAllStringSubmatch(string(text), -1) {
			t.Run(name+" "+on[1]+" "+on[2], func(t *testing.T) {
				t.Parallel()
				s := sideBySide{plain: newSide(t, on[1], on[2], layers), tallied: newSide(t, on[1], on[2], layers)}
				for i, command := range commands {
					t.Logf("step %d: %s", i+1, command)
					s.step(t, command)
				}
			})
		}
	}
}

// sideBySide is one project in two directories on two databases.
type sideBySide struct{ plain, tallied side }

// step runs a command on both sides and compares.
func (s *sideBySide) step(t *testing.T, command string) {
	t.Helper()
	plain, plainCode := s.plain.exec(t, "dbt", command)
	tallied, talliedCode := s.tallied.exec(t, "dbt-tally", command)
	if plainCode != talliedCode {
		t.Errorf("exit code %d; dbt's is %d\n%s", talliedCode, plainCode, tallied)
	}
	want, got := strings.SplitAfter(plain, "\n"), strings.SplitAfter(tallied, "\n")
	want = want[:len(want)-1]
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Errorf("output (-dbt +dbt-tally)\n%s", diff)
	}
	if diff := cmp.Diff(s.plain.files(t), s.tallied.files(t)); diff != "" {
		t.Errorf("files (-dbt +dbt-tally)\n%s", diff)
	}
	before, after := s.tallied.before, s.tallied.contents(t)
	if diff := cmp.Diff(s.plain.contents(t), after); diff != "" {
		t.Errorf("relations (-dbt +dbt-tally)\n%s", diff)
	}
	s.tallied.checkCounts(t, before, after)
	s.tallied.before = after
}
