package profile

import (
	"encoding/json"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Meta is a tally key in the meta of a node or of a folder.
type Meta struct {
	File  string // relative to the project
	Of    string // the node's name, or the folder's keys in dbt_project.yml: models.shop.staging
	Value any    // as JSON would be decoded
}

// TallyMeta finds every meta.tally in the project's YAML files, so that mistakes are
// reported before anything is built. It does not read SQL files or values with Jinja,
// which only dbt can render. It skips files that cannot be read: dbt reports them.
func (p Project) TallyMeta() []Meta {
	found := metaIn(p.Dir, projectFile, true)
	for _, dir := range p.NodePaths {
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err == nil && !entry.IsDir() && (ext == ".yml" || ext == ".yaml") {
				if file, err := filepath.Rel(p.Dir, path); err == nil {
					found = append(found, metaIn(p.Dir, file, false)...)
				}
			}
			return nil
		})
	}
	return found
}

// metaIn searches one file. In dbt_project.yml the keys that lead to a meta name its
// folder; in other files the nearest name key names its node.
func metaIn(dir, file string, byKeys bool) []Meta {
	document, err := readMapping(filepath.Join(dir, file))
	if err != nil {
		return nil
	}
	var found []Meta
	var visit func(value any, of string)
	visit = func(value any, of string) {
		switch value := value.(type) {
		case []any:
			for _, item := range value {
				visit(item, of)
			}
		case map[string]any:
			if name, ok := value["name"].(string); ok && !byKeys {
				of = name
			}
			for _, key := range slices.Sorted(maps.Keys(value)) {
				meta, isMapping := value[key].(map[string]any)
				switch {
				case (key == "meta" || key == "+meta") && isMapping:
					if plain, ok := asJSON(meta["tally"]); ok {
						found = append(found, Meta{File: file, Of: of, Value: plain})
					}
				case byKeys:
					visit(value[key], strings.TrimPrefix(of+"."+key, "."))
				default:
					visit(value[key], of)
				}
			}
		}
	}
	visit(document, "")
	return found
}

// asJSON returns a value as the manifest will contain it. ok is false if there is no
// value, or if dbt has to render it first.
func asJSON(value any) (plain any, ok bool) {
	text, err := json.Marshal(value)
	if err != nil || value == nil || strings.Contains(string(text), "{{") {
		return nil, false
	}
	return plain, json.Unmarshal(text, &plain) == nil
}
