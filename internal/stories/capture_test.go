package stories

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// captureTargets are the warehouses of the table in docs/change-capture.md, with dbt's
// version.
var captureTargets = []struct{ name, title, version string }{
	{"postgres", "PostgreSQL", "1.11"},
	{"duckdb", "DuckDB", "1.11"},
	{"snowflake", "Snowflake", "1.11"},
	{"mariadb", "MariaDB", "1.7-mysql"},
	{"mysql", "MySQL", "1.7-mysql"},
}

// captured are the models of testdata/capture, in the order of that table.
var captured = []struct{ name, title string }{
	{"appended", "incremental, `append`"},
	{"merged", "incremental, `merge`"},
	{"replaced", "incremental, `delete+insert`"},
	{"batched", "incremental, `microbatch`"},
	{"synced", "`merge` or `delete+insert`, and a post-hook that deletes"},
	{"kept_ignore", "snapshot, `hard_deletes: ignore`"},
	{"kept_invalidate", "snapshot, `invalidate`, with other column names"},
	{"kept_new_record", "snapshot, `new_record`"},
	{"rebuilt", "table"},
	{"changed", "table with a `change_column`"},
	{"dated", "table with a `change_column` and a `created_column`"},
	{"logged", "table of changes with a `change_column` and a `change_type_column`"},
	{"raw_rows", "seed"},
}

// rawRows is a seed of 1,000 rows or, on the second day, the same seed after 40 rows were
// inserted, 25 changed and 10 deleted.
func rawRows(day int) string {
	var b strings.Builder
	b.WriteString("id,value,changed_at,created_at\n")
	for id := 1; id <= 1040; id++ {
		value, changed, created := "old", "2026-01-01 10:00:00", "2026-01-01 10:00:00"
		switch {
		case day == 1 && id > 1000, day == 2 && id <= 10:
			continue
		case day == 2 && id > 1000:
			value, changed, created = "new", "2026-01-02 10:00:00", "2026-01-02 10:00:00"
		case day == 2 && id <= 35:
			value, changed = "new", "2026-01-02 10:00:00"
		}
		fmt.Fprintf(&b, "%d,%s,%s,%s\n", id, value, changed, created)
	}
	return b.String()
}

// rawLog is a seed with one line for each of these changes.
func rawLog(day int) string {
	var b strings.Builder
	b.WriteString("id,op,logged_at\n")
	for id := 1; id <= 1000; id++ {
		fmt.Fprintf(&b, "%d,I,2026-01-01 10:00:00\n", id)
	}
	for id := 1; id <= 1040 && day == 2; id++ {
		switch {
		case id <= 10:
			fmt.Fprintf(&b, "%d,D,2026-01-02 10:00:00\n", id)
		case id <= 35:
			fmt.Fprintf(&b, "%d,U,2026-01-02 10:00:00\n", id)
		case id > 1000:
			fmt.Fprintf(&b, "%d,I,2026-01-02 10:00:00\n", id)
		}
	}
	return b.String()
}

// TestWrittenRowsOnEveryWarehouse builds all materializations and the tables of columned on
// two days. The golden files are the columns of the table in docs/change-capture.md.
func TestWrittenRowsOnEveryWarehouse(t *testing.T) {
	t.Parallel()
	for _, target := range captureTargets {
		t.Run(target.name, func(t *testing.T) {
			t.Parallel()
			p := newProject(t, target.version, target.name)
			p.copy(testdata("capture"))
			p.env = append(p.env, "INPUT_CHANGE-COLUMN=at_time")
			var last tallied
			for day := 1; day <= 2; day++ {
				p.write("seeds/raw_rows.csv", rawRows(day))
				p.write("seeds/raw_log.csv", rawLog(day))
				p.writeColumned(day)
				p.env = append(p.env, "DBT_EVENT_TIME_START=2026-01-01", fmt.Sprintf("DBT_EVENT_TIME_END=2026-01-%02d", day+1))
				last = p.tally()
				p.checkCounts(last)
				// One per hook and none before a first build; batched has two batches on the second day.
				if n := last.Audit.Statements; n > day*len(last.Models)+2*(day-1) {
					t.Errorf("day %d: %d statements for %d nodes", day, n, len(last.Models))
				}
			}
			p.checkColumned(last)
			var b strings.Builder
			for _, model := range captured {
				b.WriteString(model.name + ": " + last.written(model.name) + "\n")
			}
			golden.Check(t, testdata("capture/"+target.name+".golden.txt"), b.String())
		})
	}
}

// written returns what the run wrote to a model, or why that is not known, in words.
func (r tallied) written(name string) string {
	for _, m := range r.Models {
		if !strings.HasSuffix(m.NodeID, "."+name) {
			continue
		}
		w := m.Written
		switch {
		case w != nil && w.Source == tally.FromColumn && w.Inserted == nil:
			return fmt.Sprintf("%d new or changed column", *w.Changed)
		case w == nil:
			return "no after row"
		case w.Inserted == nil:
			return "– " + w.Reason
		}
		words := fmt.Sprintf("+%d ~%d −%d", *w.Inserted, *w.Updated, *w.Deleted)
		if v := w.Versions; v != nil {
			words += fmt.Sprintf(": %d new, %d changed, %d closed", v.New, v.Changed, v.Closed)
		}
		return words + " " + string(w.Source)
	}
	return ""
}

// TestDocsShowWhatTheRunWrote compares the table of docs/change-capture.md with the
// golden files.
func TestDocsShowWhatTheRunWrote(t *testing.T) {
	t.Parallel()
	head, rule := "| materialization |", "| --- |"
	columns := map[string]map[string]string{}
	for _, target := range captureTargets {
		head, rule = head+" "+target.title+" |", rule+" --- |"
		text, err := os.ReadFile(testdata("capture/" + target.name + ".golden.txt"))
		if err != nil {
			t.Fatal(err)
		}
		columns[target.name] = map[string]string{}
		for line := range strings.Lines(string(text)) {
			name, words, _ := strings.Cut(strings.TrimSpace(line), ": ")
			columns[target.name][name] = cell(words)
		}
	}
	table := []string{head, rule}
	for _, model := range captured {
		row := "| " + model.title + " |"
		for _, target := range captureTargets {
			row += " " + columns[target.name][model.name] + " |"
		}
		table = append(table, row)
	}
	page, err := os.ReadFile(filepath.Join(server.Root(), "docs", "change-capture.md"))
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(table, "\n") + "\n"; !strings.Contains(string(page), want) {
		t.Errorf("docs/change-capture.md lacks the table\n%s", want)
	}
}

// TestDocsShowTheModelOfChangedRows compares the model of docs/hooks-tutorial.md with the
// one that a story runs.
func TestDocsShowTheModelOfChangedRows(t *testing.T) {
	t.Parallel()
	story, err := txtar.ParseFile(testdata("script/written.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(server.Root(), "docs", "hooks-tutorial.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range story.Files {
		if file.Name == "incremental.sql" && !strings.Contains(string(page), "```jinja\n"+string(file.Data)+"```\n") {
			t.Errorf("docs/hooks-tutorial.md shows another model than\n%s", file.Data)
		}
	}
}

// cell leaves out where the numbers are from, or why there are none.
func cell(words string) string {
	for _, source := range []tally.ChangeSource{tally.FromEngine, tally.FromAdapter, tally.FromBatch, tally.FromCounts, tally.FromColumn} {
		words = strings.TrimSuffix(words, " "+string(source))
	}
	switch {
	case words == "":
		return ""
	case strings.HasPrefix(words, report.Nothing):
		return report.Nothing
	}
	words, versions, _ := strings.Cut(words, ": ")
	kept := slices.DeleteFunc(strings.Fields(words), func(word string) bool { return strings.HasSuffix(word, "+0") || word == "~0" || word == "−0" })
	words = strings.Join(kept, " ")
	if versions != "" {
		words += " (" + strings.ReplaceAll(versions, ", 0 closed", "") + ")"
	}
	return words
}
