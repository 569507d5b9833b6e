//go:build unix

package faults

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, f := range slices.Concat(faults, faultsOfGitHub) {
		t.Run(f.where+"/"+f.what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before := w.macros()
			f.inject(w)
			if f.what == "a macro file of the project has our name" {
				before = w.macros()
			}
			got := w.run()
			if got.code != f.exit {
				t.Errorf("exit status %d; want %d\n%s", got.code, f.exit, clip(got.output))
			}
			if most := max(f.within, time.Minute); got.took > most {
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
			w.noSecrets(got.output)
			if after := w.macros(); f.what != "the project is removed while dbt runs" && !slices.Equal(before, after) {
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
injects into the whole program, with a fake dbt, a real PostgreSQL and a fake GitHub. In
every case the run ends in time, dbt's own exit status is passed on, no secret is written
in any form, and the project is unchanged.

| where | fault | exit status | comment | ends within | message | lost |
| --- | --- | --- | --- | --- | --- | --- |
`)
	for _, f := range slices.Concat(faults, faultsOfGitHub) {
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
		fmt.Fprintf(&page, "| %s | %s | %d | %s | %.0f s | %s | %s |\n",
			f.where, f.what, f.exit, comment, max(f.within, time.Minute).Seconds(), said, lost)
	}
	golden.Check(t, filepath.Join(server.Root(), "docs", "reliability.md"), page.String())
}
