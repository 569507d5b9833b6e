//go:build unix

package faults

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.where+"/"+f.what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f.inject(w)
			before := w.macros()
			got := w.run()
			if got.code != f.exit {
				t.Errorf("exit status %d; want %d\n%s", got.code, f.exit, clip(got.output))
			}
			if most := f.limit(); got.took > most {
				t.Errorf("took %s; want at most %s", got.took, most)
			}
			list := w.forge.Comments(fakegithub.PullRequest)
			if len(list) != f.comments {
				t.Errorf("%d comments; want %d\n%s", len(list), f.comments, clip(got.output))
			}
			said := got.output
			for _, comment := range list {
				said += comment.Body
			}
			if !strings.Contains(said, f.said) {
				t.Errorf("neither the output nor a comment contains %q\n%s", f.said, clip(said))
			}
			if counted := w.counted(); f.exit != 64 && !f.idle && !strings.Contains(f.lost, "counts") && counted != 3 {
				t.Errorf("the rows of %d models are known; want 3\n%s", counted, clip(got.output))
			}
			w.noSecrets(got.output)
			if after := w.macros(); !f.removed && !slices.Equal(before, after) {
				t.Errorf("macro files %q; want %q", after, before)
			}
			if info, err := os.Stat(w.path("project/target/dbt-tally/report.json")); err == nil && info.Size() > 1<<20 {
				t.Errorf("report.json has %d bytes", info.Size())
			}
		})
	}
}

// macros returns the files in which the hooks are installed.
func (w *world) macros() []string {
	w.t.Helper()
	found, err := filepath.Glob(w.path("project/macros/*"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		w.t.Fatal(err)
	}
	return found
}

// counted returns how many models of the report have a number of rows.
func (w *world) counted() int {
	var report struct {
		Models []struct{ After *int64 }
	}
	text, err := os.ReadFile(w.path("project/target/dbt-tally/report.json"))
	if err != nil || json.Unmarshal(text, &report) != nil {
		return 0
	}
	counted := 0
	for _, m := range report.Models {
		if m.After != nil {
			counted++
		}
	}
	return counted
}

// clip shortens an output for the message of a failed test.
func clip(text string) string {
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "::add-mask::") {
			kept.WriteString(line)
		}
	}
	text = kept.String()
	if len(text) > 3000 {
		return text[:1500] + "\n…\n" + text[len(text)-1500:]
	}
	return text
}

// docs/reliability.md must equal the table.
func TestThePageIsTheTable(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString(`# Reliability

What happens if something around dbt-tally fails. Each row is a fault that a test
injects into the whole program, with a real database and a server that answers like GitHub.
Where the fault is about dbt or its warehouse, dbt is real, too; the other rows use a fake
dbt that builds the same tables in milliseconds. In every case the run ends in time, dbt's
own exit status is passed on, no secret is written in any form, and the project is
unchanged. What a fault costs is in the last column.

| where | fault | dbt | exit status | comment | ends within | message | lost |
| --- | --- | --- | --- | --- | --- | --- | --- |
`)
	for _, f := range faults {
		comment, said, lost := "no", "–", "nothing"
		if f.comments > 0 {
			comment = "yes"
		}
		if text := strings.TrimSpace(f.said); text != "" && text != "::" {
			said = "`" + text + "`"
		}
		if f.lost != "" {
			lost = f.lost
		}
		dbt := cmp.Or(f.dbt, "fake")
		fmt.Fprintf(&page, "| %s | %s | %s | %d | %s | %.0f s | %s | %s |\n",
			f.where, f.what, dbt, f.exit, comment, f.limit().Seconds(), said, lost)
	}
	golden.Check(t, filepath.Join(server.Root(), "docs", "reliability.md"), page.String())
}
