package duckdb

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// literal returns a value as an SQL string.
func literal(value any) string {
	return "'" + strings.ReplaceAll(fmt.Sprint(value), "'", "''") + "'"
}

func literals(values []any) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = literal(value)
	}
	return all
}

// pairs returns the entries of an SQL map.
func pairs(values map[string]any) []string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(values)) {
		all = append(all, literal(key)+": "+literal(values[key]))
	}
	return all
}

// list and mapping return nil for a value of another type.
func list(value any) []any {
	values, _ := value.([]any)
	return values
}

func mapping(value any) map[string]any {
	values, _ := value.(map[string]any)
	return values
}

// empty reports whether Python treats a YAML value as false.
func empty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	default:
		return v == false || v == "" || v == 0
	}
}

// texts returns all texts inside a value.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, item := range v {
			all = append(all, texts(item)...)
		}
		return all
	case map[string]any:
		var all []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, texts(v[key])...)
		}
		return all
	default:
		return nil
	}
}
