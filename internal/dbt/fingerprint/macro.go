package fingerprint

import (
	"crypto/sha256"
	"path"
	"slices"
	"strings"
)

// rawMacro is a macro as the manifest has it.
type rawMacro struct {
	Package   string `json:"package_name"`
	Path      string `json:"original_file_path"`
	SQL       string `json:"macro_sql"`
	DependsOn struct {
		Macros []string `json:"macros"`
	} `json:"depends_on"`
}

func (m *reading) addMacro(id string, raw rawMacro) {
	m.macros[id] = macro{
		pkg: raw.Package, path: slashed(raw.Path),
		sum: sha256.Sum256([]byte(raw.SQL)), calls: raw.DependsOn.Macros,
		readsVars: readsVars(raw.SQL),
	}
}

// inherited are the adapters whose macros another adapter brings along.
var inherited = map[string][]string{
	"redshift":   {"postgres"},
	"databricks": {"spark"},
	"synapse":    {"fabric"},
	"sqlserver":  {"fabric"},
	"mysql5":     {"mysql"},
	"mariadb":    {"mysql"},
}

// tallyFile is the file that dbt-tally writes its macros to.
const tallyFile = "__dbt_tally.sql"

// foreign reports whether a macro is not the project's to change: dbt's own, of the
// core or of the adapter, or one that dbt-tally brings along. dbt and its adapters
// name their packages dbt and dbt_<type>; other packages that begin so, such as
// dbt_utils, are the project's dependencies.
func (m *reading) foreign(id string, found macro) bool {
	if path.Base(found.path) == tallyFile || strings.Contains(id, ".dbt_tally_") {
		return true
	}
	if found.pkg == "dbt" {
		return true
	}
	adapter, ok := strings.CutPrefix(found.pkg, "dbt_")
	own := m.metadata.AdapterType
	return ok && own != "" && (adapter == own || slices.Contains(inherited[own], adapter))
}

// readsVars reports whether code calls var(), and not only env_var().
func readsVars(code string) bool {
	return strings.Count(code, "var(") > strings.Count(code, "env_var(")
}

// slashed makes a path of dbt on Windows comparable.
func slashed(file string) string { return strings.ReplaceAll(file, `\`, "/") }
