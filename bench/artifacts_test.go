package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// invocation is the invocation_id of the artifacts.
const invocation = "6b2f0c1e-6f0a-4c4e-9d55-3f5f5f0c9a11"

type object = map[string]any

// writeArtifacts writes dbt's artifacts after 1,000 models, in realistic sizes: 50 kB of
// manifest and 11 kB of debug log per model.
func writeArtifacts(tb testing.TB, dir string) {
	tb.Helper()
	metadata := object{
		"invocation_id": invocation, "dbt_version": "1.11.16",
		"generated_at": "2026-01-02T03:04:05.678901Z",
	}
	nodes, macros, results := object{}, object{}, []object{}
	var log strings.Builder
	log.WriteString("\n\n" + strings.Repeat("=",
		30) + " 03:04:05.678901 | " + invocation + " " + strings.Repeat("=", 30) + "\n" +
		record("Running with dbt=1.11.16"))
	for i := 1; i <= large; i++ {
		name := fmt.Sprintf("model_%d", i)
		id := "model.bench." + name
		nodes[id] = model1000(name)
		parents := []string{fmt.Sprintf("model.bench.model_%d", i/2), fmt.Sprintf("model.bench.model_%d", i-i%7)}
		nodes[id].(object)["depends_on"] = object{"nodes": parents, "macros": []string{"macro.bench." + name}}
		nodes[id].(object)["unrendered_config"] = object{}
		for j := range 3 {
			test := fmt.Sprintf("test.bench.not_null_%s_%d", name, j)
			nodes[test] = object{
				"unique_id": test, "resource_type": "test", "raw_code": code(1000),
				"compiled_code": code(2000), "config": object{"severity": "ERROR"},
			}
		}
		macros["macro.bench."+name] = object{"macro_sql": code(10000)}
		results = append(results, object{
			"unique_id": id, "status": "success", "execution_time": 0.5, "message": "SELECT 7", "compiled_code": code(3000),
			"adapter_response": object{"_message": "SELECT 7", "rows_affected": 7}, "thread_id": "Thread-1",
			"timing": []object{{
				"name": "compile", "started_at": "2026-01-02T03:04:05.678901Z",
				"completed_at": "2026-01-02T03:04:05.678901Z",
			}},
		})
		writeRecords(&log, id)
	}
	writeJSON(tb, filepath.Join(dir, "manifest.json"), object{"metadata": metadata, "nodes": nodes, "macros": macros})
	writeJSON(tb, filepath.Join(dir, "run_results.json"),
		object{"metadata": metadata, "results": results, "elapsed_time": 60})
	write(tb, filepath.Join(dir, "dbt.log"), log.String())
}

// model1000 returns a model in the manifest's format.
func model1000(name string) object {
	columns := object{}
	for i := range 40 {
		column := fmt.Sprintf("column_%d", i)
		columns[column] = object{
			"name": column, "description": strings.Repeat("what it means ", 15),
			"data_type": "text", "meta": object{}, "tags": []string{},
		}
	}
	return object{
		"unique_id": "model.bench." + name, "name": name, "resource_type": "model", "package_name": "bench",
		"original_file_path": "models/" + name + ".sql", "relation_name": `"db"."dev"."` + name + `"`,
		"config":  object{"materialized": "table", "meta": object{}, "tags": []string{}},
		"columns": columns, "raw_code": code(6000), "compiled_code": code(10000),
	}
}

// writeRecords adds the records of one model: 35, as dbt 1.11 logs them.
func writeRecords(log *strings.Builder, id string) {
	log.WriteString(record("Began running node " + id))
	for i := range 8 {
		sql := code(1000)
		if i < 2 {
			sql = "do $dbt_tally$ begin insert /* dbt_tally */ into audit.dbt_audit_log " + code(500)
		}
		log.WriteString(record("Using postgres connection \"" + id + "\""))
		log.WriteString(record("On " + id + ": " + sql))
		log.WriteString(record("SQL status: SELECT 7 in 0.001 seconds"))
	}
	for range 9 {
		log.WriteString(record(strings.Repeat("message ", 20)))
	}
	log.WriteString(record("Finished running node " + id))
}

// record returns an entry of dbt's debug log.
func record(text string) string {
	return "\x1b[0m03:04:05.678901 [debug] [Thread-1 (]: " + text + "\n"
}

// line returns an event of dbt's JSON log.
func line(tb testing.TB, code string, data object) string {
	tb.Helper()
	text, err := json.Marshal(object{"data": data, "info": object{"code": code, "level": "debug"}})
	if err != nil {
		tb.Fatal(err)
	}
	return string(text) + "\n"
}

// code returns SQL of some length.
func code(length int) string {
	return strings.Repeat("select \"a\" from b\n", length/18)
}

func writeJSON(tb testing.TB, path string, value any) {
	tb.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		tb.Fatal(err)
	}
	write(tb, path, string(text))
}
