package warehouse_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/warmdbt"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// newDuckDBLab returns a DuckDB file and the Python of a real dbt. There is no operator, so
// that working through dbt would fail.
func newDuckDBLab(t *testing.T) lab {
	bin, dir := dbtBin(t), t.TempDir()
	return lab{
		schema: "main",
		options: func(table warehouse.Table, access warehouse.Access) warehouse.Options {
			return duckDBOptions(bin, dir, table, access)
		},
		exec: execDuckDB(bin, dir),
	}
}

func duckDBOptions(bin, dir string, table warehouse.Table, access warehouse.Access) warehouse.Options {
	return warehouse.Options{
		Target:  warehouse.Target{Type: "duckdb", Settings: map[string]any{"path": "lab.duckdb"}, Dir: dir},
		Table:   table,
		Access:  access,
		Python:  []string{filepath.Join(bin, "python")},
		Environ: os.Environ(),
	}
}

// newDuckDBThroughDBTLab returns a project of a real dbt with our operations as macros, one
// model whose own hooks name the table "hooked", and a DuckDB file.
func newDuckDBThroughDBTLab(t *testing.T) lab {
	bin, dir := filepath.Join(warmdbt.Start(t, "1.11"), "bin"), t.TempDir()
	options := func(table warehouse.Table, access warehouse.Access) warehouse.Options {
		o := duckDBOptions(bin, dir, table, access)
		o.Python, o.Operator = nil, operator{bin: bin, project: dir}
		return o
	}
	for name, content := range map[string]string{
		"dbt_project.yml": "{name: lab, version: '1.0', profile: lab, flags: {send_anonymous_usage_stats: false}}",
		"profiles.yml":    "lab: {target: ci, outputs: {ci: {type: duckdb, path: lab.duckdb, schema: lab}}}",
		"models/own.sql": `{{ config(post_hook="insert into hooked values ('{{ this }} - AFTER', now(), 1, '{{ ` +
			`invocation_id }}')") }} select 1 as n`,
		"macros/operations.sql": open(t, options(warehouse.Table{}, warehouse.Write)).Operations(),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return lab{schema: "main", exec: execDuckDB(bin, dir), options: options}
}

// dbtBin returns the directory of a real dbt's programs.
func dbtBin(t *testing.T) string { return filepath.Join(warmdbt.Environment(t, "1.11"), "bin") }

// operator runs macros through real dbt.
type operator struct{ bin, project string }

func (o operator) RunOperation(
	ctx context.Context, macro string, args map[string]any, environment ...string,
) ([][]byte, error) {
	text, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(o.bin, "dbt"), "run-operation", macro, "--args", string(text),
		"--no-write-json", "--log-format", "json", "--log-level-file", "none")
	cmd.Dir, cmd.Env = o.project, append(os.Environ(), environment...)
	out, failed := cmd.Output()
	var payloads [][]byte
	var errs []string
	for line := range bytes.Lines(out) {
		var event struct {
			Info struct {
				Msg   string `json:"msg"`
				Level string `json:"level"`
			} `json:"info"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("%w: %s", err, line)
		}
		if payload, ours := strings.CutPrefix(event.Info.Msg, "DBT_TALLY "); ours {
			payloads = append(payloads, []byte(payload))
		} else if event.Info.Level == "error" {
			errs = append(errs, event.Info.Msg)
		}
	}
	if failed != nil {
		failed = fmt.Errorf("%w: %s", failed, strings.Join(errs, "; "))
	}
	return payloads, failed
}

func TestATableThatOwnHooksFillByPositionKeepsItsColumns(t *testing.T) {
	t.Parallel()
	l := newDuckDBThroughDBTLab(t)
	store := l.open(t, warehouse.Table{Schema: l.schema, Name: "hooked"}, warehouse.Write)
	l.exec(t, "create table hooked_run (run_id varchar, distance int)")
	prepared := prepare(t, store)
	if problems := prepared.Problems; len(problems) != 1 ||
		!strings.Contains(problems[0], "it lacks started_at, completed_at, status, so it is another table") {
		t.Errorf("problems %q; want one about the columns that the run table lacks", problems)
	}
	if diff := gocmp.Diff(allColumns[:4], prepared.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	l.exec(
		t,
		fmt.Sprintf(
			"insert into %s select 'model ' || i || ' - AFTER', now(), i, 'many' from range(1201) r(i)",
			prepared.Relation,
		),
	)
	var sum int64
	for _, row := range read(t, store, "many") {
		sum += *row.Count
	}
	if want := int64(1200 * 1201 / 2); sum != want {
		t.Errorf("the rows of several payloads have a sum of %d; want %d", sum, want)
	}
}

// All nodes of a large project are stored, or none. The warehouse is of a type whose catalog
// is unknown, so that dbt's adapter reads the columns.
func TestManyNodesThroughDBT(t *testing.T) {
	t.Parallel()
	l := newDuckDBThroughDBTLab(t)
	l.exec(t, "create schema prod", "create table prod.dbt_audit_node (run_id varchar, node_id varchar,"+
		" fingerprint varchar check (fingerprint <> 'refused'), columns_hash varchar)",
		"create table built (id int, price decimal(10, 2))")
	o := l.options(warehouse.Table{Schema: "prod", Name: "dbt_audit_log"}, warehouse.Write)
	o.Target.Type = "another"
	store := open(t, o)
	if problems := prepare(t, store).Problems; len(problems) > 0 {
		t.Errorf("problems %q", problems)
	}
	code := warehouse.Code{RunID: "main", Fingerprints: map[string]string{}}
	for i := range 5000 {
		code.Fingerprints[fmt.Sprintf("model.a_large_project_ünï.model_number_%d", i)] = fmt.Sprintf("%032x", i)
	}
	const built = "model.a_large_project_ünï.model_number_4999"
	request := warehouse.CollectRequest{
		Runs: []tally.Run{{ID: "main", CompletedAt: at("08:00:00"), Status: "success"}}, Code: code,
		Relations: map[string]string{built: `"lab"."main"."built"`},
		History:   warehouse.HistoryQuery{Wanted: true, Before: at("09:00:00")},
	}
	code.Fingerprints[built] = "refused"
	got := collect(t, store, request)
	if len(got.Problems) != 1 || !strings.Contains(got.Problems[0], "not stored in prod.dbt_audit_node") ||
		len(got.History.Runs) != 1 || got.History.Fingerprints != nil {
		t.Errorf("with a row that is refused: %+v; want a problem and no fingerprints", got)
	}
	code.Fingerprints[built] = strings.Repeat("f", 32)
	got = collect(t, store, request)
	columns := map[string][]tally.Column{built: {{Name: "id", Type: "INTEGER"}, {Name: "price", Type: "DECIMAL(10,2)"}}}
	want := warehouse.Collected{
		Relation: got.Relation, Rows: []tally.Row{}, Columns: columns,
		History: tally.History{Runs: got.History.Runs, Rows: []tally.Row{}, Fingerprints: code.Fingerprints, Columns: columns},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
