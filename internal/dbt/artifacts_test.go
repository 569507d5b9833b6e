package dbt

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const manifest = `{
 "metadata": {"invocation_id": "one"},
 "nodes": {
  "model.shop.orders": {"unique_id": "model.shop.orders", "name": "orders", "resource_type": "model", "package_name": "shop",
   "original_file_path": "models/orders.sql", "relation_name": "\"db\".\"dev\".\"orders\"", "raw_code": "select 1",
   "config": {"materialized": "table", "meta": {"owner": "us", "tally": {"audit": false}}, "tags": []}},
  "test.shop.unique.1": {"unique_id": "test.shop.unique.1", "original_file_path": "models/schema.yml", "resource_type": "test", "relation_name": null, "config": {"materialized": "test"}},
  "test.shop.unique.2": {"unique_id": "test.shop.unique.2", "resource_type": "test"},
  "seed.shop.regions": {"unique_id": "seed.shop.regions", "name": "regions", "resource_type": "seed", "package_name": "shop", "config": {"materialized": "seed"}}
 },
 "macros": {"macro.dbt.x": {"nodes": {}}},
 "unit_tests": {"unit_test.shop.u": {"unique_id": "unit_test.shop.u", "original_file_path": "models/u.yml", "resource_type": "unit_test"}}
}`

func TestReadManifestReturnsTheRequestedNodes(t *testing.T) {
	t.Parallel()
	got, err := readManifest(strings.NewReader(manifest), []string{"test.shop.unique.1", "unit_test.shop.u"})
	if err != nil {
		t.Fatal(err)
	}
	orders := ManifestNode{
		ID: "model.shop.orders", Name: "orders", ResourceType: "model", Package: "shop",
		Path: "models/orders.sql", Relation: `"db"."dev"."orders"`,
	}
	orders.Config.Materialized = "table"
	orders.Config.Meta = map[string]any{"owner": "us", "tally": map[string]any{"audit": false}}
	test := ManifestNode{ID: "test.shop.unique.1", ResourceType: "test", Path: "models/schema.yml"}
	test.Config.Materialized = "test"
	regions := ManifestNode{ID: "seed.shop.regions", Name: "regions", ResourceType: "seed", Package: "shop"}
	regions.Config.Materialized = "seed"
	unit := ManifestNode{ID: "unit_test.shop.u", ResourceType: "unit_test", Path: "models/u.yml"}
	if diff := cmp.Diff([]ManifestNode{orders, test, regions, unit}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadManifestStopsEarly(t *testing.T) {
	t.Parallel()
	cut := manifest[:strings.Index(manifest, `"macros"`)]
	if _, err := readManifest(strings.NewReader(cut), nil); err != nil {
		t.Errorf("the part after the nodes was read: %v", err)
	}
	if _, err := readManifest(strings.NewReader(cut), []string{"unit_test.shop.u"}); err == nil {
		t.Error("no error for a manifest that ends early")
	}
}

func TestMissingArtifactsAreNotExist(t *testing.T) {
	t.Parallel()
	c := CLI{TargetPath: t.TempDir()}
	if _, err := c.ReadManifest(nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("manifest: got %v", err)
	}
	if _, err := c.readRunResults(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("run results: got %v", err)
	}
}

func TestBrokenArtifactsAreErrors(t *testing.T) {
	t.Parallel()
	c := CLI{TargetPath: t.TempDir()}
	write(t, `{"nodes": {"model.a.b": {"name": `, c.TargetPath, "manifest.json")
	write(t, `{"results": 7}`, c.TargetPath, "run_results.json")
	if _, err := c.ReadManifest(nil); err == nil || !strings.HasPrefix(err.Error(), "read manifest.json: ") ||
		!strings.Contains(err.Error(), ": the file is incomplete; free space on the disk") {
		t.Errorf("manifest: got %v", err)
	}
	if _, err := c.readRunResults(); err == nil || !strings.HasPrefix(err.Error(), "read run_results.json: ") {
		t.Errorf("run results: got %v", err)
	}
}

// bigManifest returns a manifest of about that many MB, with the nodes of a project of
// 1,000 models. Most of it is code, columns and macros, as in dbt's manifests.
func bigManifest(megabytes int) string {
	var b strings.Builder
	code := strings.Repeat("select column_a, column_b from somewhere\\n", megabytes*1_000_000/2/1000/42)
	b.WriteString(`{"metadata": {}, "nodes": {`)
	for i := range 1000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"model.shop.m%d": {"unique_id": "model.shop.m%[1]d", "name": "m%[1]d", "resource_type": "model", "raw_code": "%s", "config": {"materialized": "table", "meta": {}}}`, i, code)
	}
	b.WriteString(`}, "macros": {`)
	for i := range 1000 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"macro.dbt.m%d": {"macro_sql": "%s"}`, i, code)
	}
	b.WriteString(`}}`)
	return b.String()
}

func BenchmarkManifestOf50MB(b *testing.B) {
	text := bigManifest(50)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		nodes, err := readManifest(strings.NewReader(text), nil)
		if err != nil || len(nodes) != 1000 {
			b.Fatal(len(nodes), err)
		}
	}
}

func TestHardDeletesOfASnapshot(t *testing.T) {
	t.Parallel()
	for config, want := range map[string]string{
		`{}`: "ignore", `{"hard_deletes": null}`: "ignore", `{"hard_deletes": "new_record"}`: "new_record",
		`{"invalidate_hard_deletes": true}`: "invalidate", `{"invalidate_hard_deletes": false}`: "ignore",
	} {
		nodes, err := readManifest(strings.NewReader(`{"nodes": {"snapshot.s.x": {"unique_id": "snapshot.s.x", `+
			`"resource_type": "snapshot", "config": `+config+`}}}`), nil)
		if err != nil || len(nodes) != 1 || nodes[0].HardDeletes() != want {
			t.Errorf("%s: got %+v, %v; want %s", config, nodes, err, want)
		}
	}
}

// TestFiguresOfEachAdapter has the responses as the adapters' classes define them:
// BigQueryAdapterResponse, SnowflakeAdapterResponse, DatabricksAdapterResponse,
// AthenaAdapterResponse, and dbt's own AdapterResponse.
func TestFiguresOfEachAdapter(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		response string
		want     AdapterFigures
	}{
		"bigquery": {
			`{"_message": "CREATE TABLE (3 rows, 1 KiB processed)", "code": "CREATE TABLE", "rows_affected": 3, "bytes_processed": 1024,
				"bytes_billed": 10485760, "location": "EU", "project_id": "shop", "job_id": "1a-2b", "slot_ms": 345}`,
			AdapterFigures{
				Code: "CREATE TABLE", RowsAffected: new(int64(3)), BytesProcessed: new(int64(1024)), BytesBilled: new(int64(10485760)),
				Location: "EU", ProjectID: "shop", JobID: "1a-2b", SlotMS: new(int64(345)),
			},
		},
		"snowflake": {
			`{"_message": "SUCCESS 1", "code": "SUCCESS", "rows_affected": 1, "query_id": "01b2", "rows_inserted": 1}`,
			AdapterFigures{Code: "SUCCESS", RowsAffected: new(int64(1)), QueryID: "01b2"},
		},
		"databricks": {`{"_message": "OK", "query_id": "01ef"}`, AdapterFigures{QueryID: "01ef"}},
		"athena": {
			`{"_message": "OK -1", "code": "OK", "rows_affected": -1, "data_scanned_in_bytes": 77}`,
			AdapterFigures{Code: "OK", BytesProcessed: new(int64(77))},
		},
		"duckdb":           {`{"_message": "OK"}`, AdapterFigures{}},
		"nothing":          {`{}`, AdapterFigures{}},
		"null":             {`null`, AdapterFigures{}},
		"an own adapter's": {`{"code": 7, "rows_affected": "12", "bytes_billed": null, "slot_ms": [1]}`, AdapterFigures{}},
		"another shape":    {`["SELECT"]`, AdapterFigures{}},
	}
	for name, test := range tests {
		c := CLI{TargetPath: t.TempDir()}
		write(t, `{"metadata": {"invocation_id": "one"}, "results": [{"unique_id": "model.shop.a", "status": "success",
			"adapter_response": `+test.response+`}]}`, c.TargetPath, "run_results.json")
		inv, err := c.Past("one")
		if err != nil || len(inv.Nodes) != 1 {
			t.Fatalf("%s: %+v, %v", name, inv.Nodes, err)
		}
		if diff := cmp.Diff(test.want, inv.Nodes[0].Adapter); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
