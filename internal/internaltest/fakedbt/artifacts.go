package fakedbt

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// object is a JSON object.
type object = map[string]any

// artifacts are run_results.json and manifest.json.
type artifacts struct {
	invocation
	warehouse warehouse
	seconds   float64
}

func (a artifacts) write(results []result) error {
	dir := filepath.Join(a.projectDir, "target")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, content := range map[string]object{
		"manifest.json": a.manifest(), "run_results.json": a.runResults(results),
	} {
		text, err := json.Marshal(content)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (a artifacts) metadata(schema string) object {
	return object{
		"dbt_schema_version": "https://schemas.getdbt.com/dbt/" + schema + ".json",
		"dbt_version":        Version,
		"generated_at":       time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
		"invocation_id":      a.id,
		"env":                object{},
	}
}

func (a artifacts) runResults(results []result) object {
	list := []object{}
	for _, r := range results {
		o := object{
			"unique_id": r.id(), "status": r.status, "message": nil, "failures": nil, "timing": []any{},
			"thread_id": "Thread-1 (worker)", "execution_time": r.seconds, "adapter_response": object{},
		}
		if r.message != "" {
			o["message"] = r.message
		}
		if r.kind == "test" && r.status != "skipped" {
			o["failures"] = r.failures
		}
		list = append(list, o)
	}
	return object{
		"metadata": a.metadata("run-results/v6"), "results": list, "elapsed_time": a.seconds,
		"args": object{"invocation_command": a.line, "which": a.command},
	}
}

func (a artifacts) manifest() object {
	nodes := object{}
	for _, n := range a.project.nodes {
		nodes[n.id()] = a.node(n)
	}
	metadata := a.metadata("manifest/v12")
	metadata["adapter_type"], metadata["project_name"] = "postgres", a.project.name
	return object{"metadata": metadata, "nodes": nodes, "sources": object{}, "unit_tests": object{}}
}

func (a artifacts) node(n node) object {
	parents := []string{}
	for _, ref := range n.refs {
		parents = append(parents, a.project.byName(ref).id())
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(n.text)))
	o := object{
		"unique_id": n.id(), "name": n.name, "alias": n.name, "resource_type": n.kind, "package_name": n.pkg,
		"original_file_path": n.path, "fqn": []string{n.pkg, n.name}, "relation_name": nil,
		"database": a.warehouse.database, "schema": a.warehouse.schema, "columns": object{},
		"checksum":   object{"name": "sha256", "checksum": hex.EncodeToString(sum[:])},
		"depends_on": object{"nodes": parents, "macros": []string{}},
		"config":     object{"materialized": n.materialized, "meta": object{}, "tags": []string{}, "enabled": true},
	}
	if n.kind != "test" {
		o["relation_name"] = a.warehouse.relation(n)
	}
	return o
}
