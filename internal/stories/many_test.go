package stories

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// multiply adds copies of a model to target's artifacts: multiply orders_log many_%04d
// 2000.
func (s stories) multiply(ts *testscript.TestScript, _ bool, args []string) {
	count, err := strconv.Atoi(args[2])
	ts.Check(err)
	id := "model.shop." + args[0]
	manifest, results := artifact(ts, "manifest"), artifact(ts, "run_results")
	nodes := manifest["nodes"].(map[string]any)
	var result map[string]any
	list := results["results"].([]any)
	for _, one := range list {
		if one := one.(map[string]any); one["unique_id"] == id {
			result = one
		}
	}
	for i := range count {
		name := fmt.Sprintf(args[1], i+1)
		node, copied := maps.Clone(nodes[id].(map[string]any)), maps.Clone(result)
		node["unique_id"], node["name"], node["alias"] = "model.shop."+name, name, name
		node["original_file_path"] = "models/" + name + ".sql"
		copied["unique_id"] = node["unique_id"]
		nodes["model.shop."+name], list = node, append(list, copied)
	}
	results["results"] = list
	for name, content := range map[string]map[string]any{"manifest": manifest, "run_results": results} {
		text, err := json.Marshal(content)
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs("target/"+name+".json"), text, 0o644))
	}
}

func artifact(ts *testscript.TestScript, name string) map[string]any {
	var content map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("target/"+name+".json")), &content))
	return content
}
