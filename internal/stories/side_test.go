package stories

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// side is the project and the database of dbt, or of dbt-tally.
type side struct {
	*project
	before map[string]content // the database's relations when the step began
}

// content is the content of a relation.
type content struct {
	Kind string // table or view
	Rows string
}

func newSide(t *testing.T, version, target string, layers []string) side {
	p := newProject(t, version, target)
	for _, layer := range layers {
		p.copy(layer)
	}
	p.env = append(p.env, "SHAPES_TARGET="+target, "HOME="+t.TempDir())
	return side{project: p, before: map[string]content{}}
}

// exec runs a command and returns its normalised output and its exit code.
func (s side) exec(t *testing.T, program, command string) (string, int) {
	t.Helper()
	words := strings.Fields(command)
	env := s.env
	for strings.Contains(words[0], "=") {
		env, words = append(env, words[0]), words[1:]
	}
	if program == "dbt-tally" {
		words = append([]string{"--install-deps", "off", "--"}, words...)
	}
	path, err := lookPath(program, s.env)
	if err != nil {
		t.Fatal(program, err)
	}
	cmd := exec.CommandContext(t.Context(), path, words...)
	cmd.Dir, cmd.Env = s.dir, env
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit != nil && len(exit.Stderr) > 0 {
		t.Logf("%s: %s", program, exit.Stderr)
	}
	return s.normal(string(out)), cmd.ProcessState.ExitCode()
}

// lookPath finds a program on the PATH of an environment.
func lookPath(program string, env []string) (string, error) {
	for i := len(env) - 1; i >= 0; i-- {
		if path, ok := strings.CutPrefix(env[i], "PATH="); ok {
			for _, dir := range filepath.SplitList(path) {
				if found, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
					return found, nil
				}
			}
		}
	}
	return "", exec.ErrNotFound
}

var differing = []struct {
	pattern *regexp.Regexp
	to      string
}{
	{regexp.MustCompile(`\x1b\[[0-9;]*m`), ""},
	{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?`), "TIME"},
	{regexp.MustCompile(`\d\d:\d\d:\d\d(\.\d+)?`), "TIME"},
	{regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`), "ID"},
	{regexp.MustCompile(`\d+ macros`), "N macros"},
	{regexp.MustCompile(`\d+\.\d+(e-\d+)?( ?s(econds)?\b)`), "N$2"},
	{regexp.MustCompile(`"(completed_at|started_at|created_at|ts|execution_time|elapsed|thread|pid)": ?("[^"]*"|[\d.e-]+)`), `"$1": X`},
}

// normal returns text without the values that differ from run to run.
func (s side) normal(text string) string {
	text = strings.ReplaceAll(text, s.dir, "DIR")
	if db, ok := s.database.(postgres.Database); ok {
		text = strings.ReplaceAll(text, db.Name, "DATABASE")
	}
	for _, d := range differing {
		text = d.pattern.ReplaceAllString(text, d.to)
	}
	return text
}

// files returns the comparable content of all files of the project.
func (s side) files(t *testing.T) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(s.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(s.dir, path)
		if name == "target" || strings.Contains(name, ".duckdb") { // the report and the audit table differ
			return nil
		}
		if name == filepath.Join("target", "dbt-tally") {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			files[name] = ""
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files[name] = s.comparable(t, name, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// comparable returns the part of a file that must be the same.
func (s side) comparable(t *testing.T, name string, text []byte) string {
	t.Helper()
	switch {
	case name == filepath.Join("target", "run_results.json"):
		return runResults(t, text)
	case strings.HasPrefix(filepath.Base(name), "dbt.log"):
		return s.normal(said(string(text)))
	case strings.HasPrefix(name, "target"+string(filepath.Separator)):
		return ""
	}
	return string(text)
}

// runResults returns the statuses and the command in run_results.json.
func runResults(t *testing.T, text []byte) string {
	t.Helper()
	var results struct {
		Args struct {
			Which   string
			Command string `json:"invocation_command"`
		}
		Results []struct {
			UniqueID string `json:"unique_id"`
			Status   string
			Failures *int
		}
	}
	if err := json.Unmarshal(text, &results); err != nil {
		t.Fatal(err)
	}
	// dbt-tally replaces the user's --log-path by a variable, so that only plain dbt has it.
	results.Args.Command = regexp.MustCompile(` --log-path \S+`).ReplaceAllString(results.Args.Command, "")
	out, err := json.Marshal(results)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(out), "},", "},\n")
}

var (
	debugStart = regexp.MustCompile(`^(?:\x1b\[0m)?[\d:.]+ \[(\w+) *\] `)
	separator  = regexp.MustCompile(`^={30}`)
)

// said returns a log without the debug records, which include the statements of the audit.
// It keeps the record of dbt's command line.
func said(log string) string {
	var kept strings.Builder
	keep := true
	for line := range strings.Lines(log) {
		var event struct {
			Info struct{ Level, Msg string }
		}
		if strings.HasPrefix(line, "{") && json.Unmarshal([]byte(line), &event) == nil {
			keep = event.Info.Level != "debug" || strings.HasPrefix(event.Info.Msg, "running dbt with")
			line = "JSON " + event.Info.Level + " " + event.Info.Msg + "\n"
		} else if m := debugStart.FindStringSubmatch(line); m != nil {
			keep = m[1] != "debug" || strings.Contains(line, "running dbt with")
		} else if separator.MatchString(line) {
			keep = true
		}
		if strings.Contains(line, "running dbt with") { // its order is not stable
			head, arguments, _ := strings.Cut(strings.TrimRight(line, "}\n"), "{'")
			sorted := strings.Split(arguments, ", '")
			slices.Sort(sorted)
			line = head + strings.Join(sorted, "\n") + "\n"
		}
		if keep && strings.TrimSpace(line) != "" {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// temporary matches the end of a temporary table's name, which dbt-duckdb may leave
// behind.
var temporary = regexp.MustCompile(`__dbt_tmp\d+`)

// contents returns the relations of the database except the audit's, by schema.name.
func (s side) contents(t *testing.T) map[string]content {
	t.Helper()
	contents := map[string]content{}
	for _, row := range s.relations(t) {
		if !strings.Contains(row[0], ".dbt_audit_") {
			name := temporary.ReplaceAllString(row[0], "__dbt_tmp")
			contents[name] = content{Kind: row[1], Rows: row[2]}
		}
	}
	return contents
}

func (s side) relations(t *testing.T) [][]string {
	t.Helper()
	if db, ok := s.database.(postgres.Database); ok {
		return db.Query(t, `select nspname || '.' || relname, case relkind when 'v' then 'view' else 'table' end,
			(xpath('//c/text()', query_to_xml(format('select count(*) as c from %I.%I', nspname, relname), false, true, '')))[1]::text
			from pg_class join pg_namespace n on n.oid = relnamespace
			where relkind in ('r', 'v', 'm') and nspname !~ '^pg_' and nspname <> 'information_schema' order by 1`)
	}
	python, err := lookPath("python", s.env)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", duckdbRelations, "shapes.duckdb", "other.duckdb")
	cmd.Dir = s.dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var rows [][]string
	if err := json.Unmarshal(out, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

const duckdbRelations = `
import duckdb, json, os, sys
rows = []
for path in filter(os.path.exists, sys.argv[1:]):
    con = duckdb.connect(path, read_only=True)
    for schema, name, kind in con.execute("select table_schema, table_name, table_type from information_schema.tables").fetchall():
        count = con.execute(f'select count(*) from "{schema}"."{name}"').fetchone()[0]
        rows.append([f"{schema}.{name}", "view" if kind == "VIEW" else "table", str(count)])
print(json.dumps(rows))`

// checkCounts compares every count of the report with the database, before and after.
func (s side) checkCounts(t *testing.T, before, after map[string]content) {
	t.Helper()
	var report tallied
	var manifest struct {
		Nodes map[string]struct {
			Relation string `json:"relation_name"`
		}
	}
	for name, into := range map[string]any{"dbt-tally/report.json": &report, "manifest.json": &manifest} {
		text, err := os.ReadFile(filepath.Join(s.dir, "target", name))
		if errors.Is(err, fs.ErrNotExist) {
			return
		} else if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range report.Models {
		parts := strings.Split(strings.Trim(manifest.Nodes[m.NodeID].Relation, `"`), `"."`)
		relation := strings.Join(parts[max(0, len(parts)-2):], ".")
		was, is := before[relation], after[relation]
		switch {
		case m.Status == "no-audit-row":
			t.Errorf("%s has no audit row", m.NodeID)
		case m.After != nil && count(m.After) != is.Rows:
			t.Errorf("%s: counted %s after; there are %s", m.NodeID, count(m.After), is.Rows)
		case m.Before != nil && count(m.Before) != was.Rows:
			t.Errorf("%s: counted %s before; there were %q", m.NodeID, count(m.Before), was.Rows)
		case m.After == nil && m.Status == "not-counted" && is.Kind == "table":
			t.Errorf("%s was not counted", m.NodeID)
		case m.Before == nil && m.After != nil && was.Kind == "table" && is.Kind == "table":
			t.Errorf("%s was not counted before; there were %s", m.NodeID, was.Rows)
		}
	}
}
