package profile

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
)

// varsFile may set the variables instead of dbt_project.yml, since dbt 1.12.
const varsFile = "vars.yml"

// Vars returns the values of the variables that the project and its installed packages
// set, as they are written, by package and name. The package "" stands for all packages.
// Values of --vars are left out: they belong to an invocation and not to the code.
func (p Project) Vars() (map[string]map[string]string, error) {
	own, err := varsIn(p.Dir)
	if err != nil {
		return nil, err
	}
	all := map[string]map[string]string{"": {}}
	for name, value := range own {
		all[""][name] = written(value)
		if scoped, ok := value.(map[string]any); ok {
			all[name] = map[string]string{}
			for inner, value := range scoped {
				all[name][inner] = written(value)
			}
		}
	}
	installed, _ := os.ReadDir(p.PackagesPath) // an error means that none is installed
	for _, entry := range installed {
		if vars, err := varsIn(filepath.Join(p.PackagesPath, entry.Name())); err == nil {
			addDefaults(all, entry.Name(), vars)
		}
	}
	return all, nil
}

// addDefaults adds the variables that a package sets for itself, which those of the
// project override.
func addDefaults(all map[string]map[string]string, pkg string, vars map[string]any) {
	if scoped, ok := vars[pkg].(map[string]any); ok {
		addDefaults(all, pkg, scoped)
	}
	for name, value := range vars {
		_, overridden := all[pkg][name]
		if _, global := all[""][name]; overridden || global {
			continue
		}
		if all[pkg] == nil {
			all[pkg] = map[string]string{}
		}
		all[pkg][name] = written(value)
	}
}

// varsIn reads the variables of the project in a directory.
func varsIn(dir string) (map[string]any, error) {
	raw, err := readMapping(filepath.Join(dir, projectFile))
	if err != nil {
		return nil, err
	}
	if vars, ok := raw["vars"].(map[string]any); ok {
		return vars, nil
	}
	raw, err = readMapping(filepath.Join(dir, varsFile))
	if err != nil {
		return nil, nil // usually there is none
	}
	vars, _ := raw["vars"].(map[string]any)
	return vars, nil
}

// written returns a value as text, the same for equal values.
func written(value any) string {
	text, err := json.Marshal(value, json.Deterministic(true))
	if err != nil { // such as a number that JSON lacks
		return fmt.Sprint(value)
	}
	return string(text)
}
