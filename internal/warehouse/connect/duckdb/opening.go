package duckdb

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/warehouse/connect"
)

// opening contains the path, the configuration and the statements with which dbt-duckdb
// opens the database, in its order:
// https://github.com/duckdb/dbt-duckdb, environments/__init__.py.
type opening struct {
	Path       string         `json:"path"`
	Config     map[string]any `json:"config"`
	Statements []string       `json:"statements"`

	database string   // the attached database in which dbt builds; "": the one at the path
	attempts int      // the most attempts to open a file that another process has open
	secrets  []string // texts that no error may contain
}

// foreign lists the settings for databases that are not files, and those that run
// Python code of dbt-duckdb or of the user.
var foreign = []string{"plugins", "remote", "filesystems", "is_ducklake", "motherduck_token"}

// newOpening returns an error for a profile that only dbt can use.
func newOpening(s connect.Settings) (opening, error) {
	for _, name := range foreign {
		if !empty(s.Values[name]) {
			return opening{}, fmt.Errorf("the profile sets %s", name)
		}
	}
	o := opening{Path: cmp.Or(s.Text("path"), ":memory:"), Config: map[string]any{}, Statements: []string{}, attempts: 1}
	if !isFile(o.Path) {
		return opening{}, fmt.Errorf("path: %s is not a file", o.Path)
	}
	maps.Copy(o.Config, mapping(s.Values["config_options"]))
	err := errors.Join(
		o.extend(list(s.Values["extensions"])),
		o.addSecrets(s),
		o.attach(list(s.Values["attach"]), s.Text("database")),
	)
	settings := mapping(s.Values["settings"])
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		o.Statements = append(o.Statements, fmt.Sprintf("SET %s = %s", name, literal(settings[name])))
	}
	if attempts, ok := mapping(s.Values["retries"])["connect_attempts"].(int); ok {
		o.attempts = max(1, attempts)
	}
	for _, name := range []string{"settings", "config_options", "secrets", "attach"} {
		o.secrets = append(o.secrets, texts(s.Values[name])...)
	}
	return o, err
}

// extend loads extensions, from a repository if one is named.
func (o *opening) extend(extensions []any) error {
	for _, extension := range extensions {
		switch e := extension.(type) {
		case string:
			o.Statements = append(o.Statements, "INSTALL "+literal(e), "LOAD "+literal(e))
		case map[string]any:
			install := fmt.Sprintf("INSTALL %v FROM %v", e["name"], e["repo"])
			o.Statements = append(o.Statements, install, "LOAD "+literal(e["name"]))
		default:
			return fmt.Errorf("extensions: unsupported type %T", extension)
		}
	}
	return nil
}

func (o *opening) addSecrets(s connect.Settings) error {
	secrets := list(s.Values["secrets"])
	switch provider := s.Text("use_credential_provider"); provider {
	case "":
	case "aws":
		secrets = append(slices.Clone(secrets), map[string]any{"type": "s3", "provider": "credential_chain"})
	default:
		return fmt.Errorf("use_credential_provider: unsupported value %q", provider)
	}
	for i, secret := range secrets {
		values, ok := secret.(map[string]any)
		if !ok {
			return fmt.Errorf("secrets: unsupported type %T", secret)
		}
		o.Statements = append(o.Statements, createSecret(values, fmt.Sprintf("_dbt_secret_%d", i+1)))
	}
	return nil
}

// createSecret quotes only the values that dbt-duckdb quotes.
func createSecret(values map[string]any, otherwise string) string {
	name, persistent := otherwise, ""
	if own, ok := values["name"]; ok {
		name = fmt.Sprint(own)
	}
	if values["persistent"] == true {
		persistent = "PERSISTENT "
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		value := values[key]
		switch {
		case key == "name", key == "persistent", value == nil:
		case key == "scope" && list(value) != nil:
			for _, scope := range list(value) {
				all = append(all, "scope "+literal(scope))
			}
		case mapping(value) != nil:
			all = append(all, key+" map {"+strings.Join(pairs(mapping(value)), ", ")+"}")
		case list(value) != nil:
			all = append(all, key+" array ["+strings.Join(literals(list(value)), ", ")+"]")
		case key == "type", key == "provider", key == "extra_http_headers":
			all = append(all, fmt.Sprintf("%s %v", key, value))
		default:
			all = append(all, key+" "+literal(value))
		}
	}
	return "CREATE OR REPLACE " + persistent + "SECRET " + name + " (" + strings.Join(all, ", ") + ")"
}

// attach adds the statements that attach further databases. dbt may build in one of them.
func (o *opening) attach(attachments []any, database string) error {
	for _, attachment := range attachments {
		values := mapping(attachment)
		path, _ := values["path"].(string)
		if strings.HasPrefix(path, "md:") || strings.HasPrefix(path, "motherduck:") || path == "" {
			return fmt.Errorf("attach: %q is not a file", path)
		}
		statement := "ATTACH IF NOT EXISTS " + literal(path)
		if alias, ok := values["alias"].(string); ok {
			statement += " AS " + alias
			if alias == database {
				o.database = database
			}
		}
		if options := attachOptions(values); len(options) > 0 {
			statement += " (" + strings.Join(options, ", ") + ")"
		}
		o.Statements = append(o.Statements, statement)
	}
	return nil
}

// attachOptions returns the options of an attachment: its own keys and those of its key
// "options".
func attachOptions(values map[string]any) []string {
	var options []string
	more := maps.Clone(mapping(values["options"]))
	for _, name := range []string{"type", "secret", "read_only"} {
		value := values[name]
		if empty(value) {
			value = more[name]
		}
		delete(more, name)
		switch {
		case empty(value):
		case name == "read_only":
			options = append(options, "READ_ONLY")
		default:
			options = append(options, fmt.Sprintf("%s %v", strings.ToUpper(name), value))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(more)) {
		switch value := more[name].(type) {
		case nil:
		case bool:
			if value {
				options = append(options, strings.ToUpper(name))
			}
		case string:
			options = append(options, strings.ToUpper(name)+" "+quotedOnce(value))
		default:
			options = append(options, fmt.Sprintf("%s %v", strings.ToUpper(name), value))
		}
	}
	return options
}

// quotedOnce returns a text as a literal of SQL, or unchanged if the profile already has
// quotes around it.
func quotedOnce(value string) string {
	trimmed := strings.TrimSpace(value)
	for _, quote := range []string{`'`, `"`} {
		if len(trimmed) >= 2 && strings.HasPrefix(trimmed, quote) && strings.HasSuffix(trimmed, quote) {
			return value
		}
	}
	return literal(value)
}

// isFile reports whether a path is that of a file or of a database in memory, rather than
// an address that begins with a scheme such as md:, ducklake: or s3:. A single letter
// before the colon is a drive of Windows.
func isFile(path string) bool {
	scheme, _, found := strings.Cut(path, ":")
	return !found || len(scheme) <= 1 || strings.ContainsAny(scheme, `/\`)
}
