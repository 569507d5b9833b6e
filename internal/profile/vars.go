package profile

import "errors"

// ParseVars reads the value of dbt's --vars, a YAML mapping; "" is none.
func ParseVars(text string) (map[string]any, error) {
	value, err := parseYAML([]byte(text))
	vars, ok := value.(map[string]any)
	if err != nil || value != nil && !ok {
		return nil, errors.New("--vars of the dbt command: no YAML mapping; want something like '{start: 2026-01-01}'; see docs/inputs.md")
	}
	return vars, nil
}
