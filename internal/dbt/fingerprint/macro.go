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
		vars: varsOf(raw.SQL),
	}
}

// inherited maps each adapter to the adapters whose macros it includes.
var inherited = map[string][]string{
	"redshift":   {"postgres"},
	"databricks": {"spark"},
	"synapse":    {"fabric"},
	"sqlserver":  {"fabric"},
	"mysql5":     {"mysql"},
	"mariadb":    {"mysql"},
}

// tallyFile is the file to which dbt-tally writes its macros.
const tallyFile = "__dbt_tally.sql"

// foreign reports whether the project cannot change a macro: dbt's own, of the core or of
// the adapter, and those of dbt-tally. dbt and its adapters name their packages dbt and
// dbt_<type>. Other packages with such a prefix, for example dbt_utils, are the project's
// dependencies.
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

// slashed converts a path of dbt on Windows to slashes, so that paths can be compared.
func slashed(file string) string { return strings.ReplaceAll(file, `\`, "/") }
