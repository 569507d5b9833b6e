package profile

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTallyMetaOfYAMLFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"dbt_project.yml": `
name: shop
model-paths: [models, more]
models:
  shop:
    staging:
      +meta: {tally: {max_drop: 20%}, owner: us}
    +meta: {owner: us}
`,
		"models/marts/schema.yml": `
models:
  - name: orders
    config: {meta: {tally: {min_rows: 5}}}
    columns:
      - name: id
        meta: {pii: true}
  - name: rendered
    meta: {tally: {max_rows: "{{ var('n') }}"}}
`,
		"more/odd.yaml":     "snapshots:\n  - name: history\n    meta: {tally: nonsense}\n",
		"models/broken.yml": "models: [",
		"other/schema.yml":  "models:\n  - name: elsewhere\n    meta: {tally: {audit: false}}\n",
	} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	p, err := LoadProject(Options{ProjectDir: dir, WorkDir: dir, LookupEnv: mapEnv(nil)})
	if err != nil {
		t.Fatal(err)
	}
	want := []Meta{
		{File: "dbt_project.yml", Of: "models.shop.staging", Value: map[string]any{"max_drop": "20%"}},
		{File: "models/marts/schema.yml", Of: "orders", Value: map[string]any{"min_rows": 5.0}},
		{File: "more/odd.yaml", Of: "history", Value: "nonsense"},
	}
	if diff := cmp.Diff(want, p.TallyMeta()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
