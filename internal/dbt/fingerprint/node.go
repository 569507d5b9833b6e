package fingerprint

import (
	"crypto/sha256"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// rawNode is a model, seed, snapshot or function as the manifest has it. A field is a
// pointer if its absence matters.
type rawNode struct {
	Package   string `json:"package_name"`
	Path      string `json:"original_file_path"`
	PatchPath string `json:"patch_path"` // package://path
	Relation  string `json:"relation_name"`
	Code      string `json:"raw_code"`
	Checksum  struct {
		Name     string `json:"name"` // sha256; path for a seed above 1 MiB; none
		Checksum string `json:"checksum"`
	} `json:"checksum"`
	Config struct {
		Materialized string `json:"materialized"`
	} `json:"config"`
	Unrendered map[string]any `json:"unrendered_config"`
	Contract   struct {
		Checksum string `json:"checksum"`
	} `json:"contract"`
	Version       any `json:"version"`
	LatestVersion any `json:"latest_version"`
	DependsOn     *struct {
		Nodes  []string `json:"nodes"`
		Macros []string `json:"macros"`
	} `json:"depends_on"`
}

func (m *reading) addNode(id string, raw rawNode) {
	kind, _, _ := strings.Cut(id, ".")
	if kind == "seed" && raw.Relation != "" {
		m.seeds[raw.Relation] = id
	}
	u := unfinished{
		node: Node{
			ID: id, Files: raw.files(),
			Inlined: kind == "function" || raw.Config.Materialized == "ephemeral",
		},
		pkg: raw.Package, vars: varsOf(raw.Code).and(varsOf(settingsText(raw.Unrendered))),
	}
	switch {
	case raw.DependsOn != nil:
		u.node.Parents, u.macros = raw.DependsOn.Nodes, raw.DependsOn.Macros
	case kind != "seed":
		u.node.Orphan = true
		u.reasons = append(u.reasons, "the manifest does not list what it reads")
	}
	body := raw.body(kind)
	switch {
	case kind == "seed" && raw.Checksum.Name == "path":
		u.reasons = append(u.reasons, "dbt keeps no checksum of a seed above 1 MiB")
	case body == "":
		u.reasons = append(u.reasons, "the manifest has no checksum of its code")
	case raw.Unrendered == nil:
		u.reasons = append(u.reasons, "the manifest has no unrendered_config")
	}
	u.own = sumOf(kind, body, written(raw.Unrendered, raw.Code), raw.Contract.Checksum, raw.Version, raw.LatestVersion)
	m.nodes = append(m.nodes, u)
}

// body returns the source of the node's rows: of a seed its checksum, otherwise the code, as
// dbt's state:modified compares it. dbt v2 stores only the checksum of the code.
func (raw rawNode) body(kind string) string {
	const leftOut = "--placeholder--"
	if code := strings.TrimSpace(raw.Code); kind != "seed" && code != "" && code != leftOut {
		return code
	}
	return raw.Checksum.Checksum
}

func (raw rawNode) files() []string {
	patch := raw.PatchPath
	if pkg, file, ok := strings.Cut(patch, "://"); ok {
		patch = file
		if pkg != raw.Package {
			patch = ""
		}
	}
	return []string{slashed(raw.Path), slashed(patch)}
}

// rawSource is a source as the manifest has it. The database and the schema are used only
// if dbt stored them as they are written (1.9 and later), because their values may depend
// on the target.
type rawSource struct {
	Package    string         `json:"package_name"`
	Path       string         `json:"original_file_path"`
	Identifier string         `json:"identifier"`
	Database   string         `json:"unrendered_database"`
	Schema     string         `json:"unrendered_schema"`
	Quoting    any            `json:"quoting"`
	External   any            `json:"external"`
	Unrendered map[string]any `json:"unrendered_config"`
	Relation   string         `json:"relation_name"`
}

func (m *reading) addSource(id string, raw rawSource) {
	m.nodes = append(m.nodes, unfinished{
		node: Node{ID: id, Files: []string{slashed(raw.Path)}, Inlined: true}, source: raw.Relation,
		pkg:  raw.Package,
		vars: varsOf(raw.Database + " " + raw.Schema).and(varsOf(settingsText(raw.Unrendered))),
		own: sumOf("source", raw.Identifier, raw.Database, raw.Schema, raw.Quoting, raw.External,
			written(raw.Unrendered, "")),
	})
}

// sumOf returns the checksum of values in an unambiguous and stable encoding.
func sumOf(values ...any) [sha256.Size]byte {
	text, err := json.Marshal(values, json.Deterministic(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err) // the values were decoded from JSON
	}
	return sha256.Sum256(text)
}
