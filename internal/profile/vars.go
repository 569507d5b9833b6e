package profile

import (
	"errors"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// ParseVars reads the value of dbt's --vars, a YAML mapping. "" stands for no variables.
func ParseVars(text string) (map[string]any, error) {
	value, err := parseYAML([]byte(text))
	vars, ok := value.(map[string]any)
	if err != nil || value != nil && !ok {
		return nil, errors.New("--vars of the dbt command: not a YAML mapping; " +
			"use one such as '{start: 2026-01-01}'; see " + docs.Inputs)
	}
	return vars, nil
}
