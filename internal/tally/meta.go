package tally

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// ParseMeta reads config.meta.tally of a node as JSON decodes it. Its gates override
// those of base; false, off or null removes one. audit is false if the node opted out.
// A nil meta changes nothing. The error joins all problems, one per line, and names the
// key, but not the node. A gate that cannot be read leaves that of base.
func ParseMeta(meta any, base Limits) (limits Limits, audit bool, err error) {
	said := nodeMeta{limits: base, audit: true}
	if meta == nil {
		return said.limits, said.audit, nil
	}
	entries, ok := meta.(map[string]any)
	if !ok {
		err := errors.New("meta.tally: not a mapping; expected keys and values, such as max_drop: 5%; see " + docs.Gates)
		return said.limits, said.audit, err
	}
	var problems []error
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		set, known := metaKeys[key]
		if !known {
			problems = append(problems, fmt.Errorf("meta.tally.%s: unknown; expected one of %s; see "+docs.Gates,
				key, strings.Join(slices.Sorted(maps.Keys(metaKeys)), ", ")))
			continue
		}
		if err := set(&said, entries[key]); err != nil {
			problems = append(problems, fmt.Errorf("meta.tally.%s: %w; see %s", key, err, docs.Gates))
		}
	}
	problems = append(problems, said.limits.Validate())
	return said.limits, said.audit, errors.Join(problems...)
}

// nodeMeta is the content of meta.tally.
type nodeMeta struct {
	limits Limits
	audit  bool
}

// metaKeys are the keys of meta.tally, each with the function that reads its value.
var metaKeys = map[string]func(m *nodeMeta, value any) error{
	"audit":       func(m *nodeMeta, value any) error { return metaBool(&m.audit, value) },
	"max_drop":    func(m *nodeMeta, value any) error { return metaGate(&m.limits.MaxDrop, value, ParseLimit) },
	"max_growth":  func(m *nodeMeta, value any) error { return metaGate(&m.limits.MaxGrowth, value, ParseLimit) },
	"min_rows":    func(m *nodeMeta, value any) error { return metaGate(&m.limits.MinRows, value, ParseRows) },
	"max_rows":    func(m *nodeMeta, value any) error { return metaGate(&m.limits.MaxRows, value, ParseRows) },
	"max_updated": func(m *nodeMeta, value any) error { return metaGate(&m.limits.MaxUpdated, value, ParseLimit) },
	"max_deleted": func(m *nodeMeta, value any) error { return metaGate(&m.limits.MaxDeleted, value, ParseLimit) },
	"max_fanout":  func(m *nodeMeta, value any) error { return metaGate(&m.limits.MaxFanOut, value, ParsePercentage) },
	"columns": func(m *nodeMeta, value any) error {
		if value == false {
			value = "off" // YAML's word for it
		}
		return metaWord(&m.limits.Columns, value, AnyColumns, NoRemoval, NoChange)
	},
	"scope":   func(m *nodeMeta, value any) error { return metaWord(&m.limits.Scope, value, ScopeAll, ScopeEdited) },
	"unusual": func(m *nodeMeta, value any) error { return metaUnusual(&m.limits.Unusual, value) },
	"against": func(m *nodeMeta, value any) error {
		return metaWord(&m.limits.Axis, value, AxisBefore, AxisBaseline, AxisBoth)
	},
	"severity": func(m *nodeMeta, value any) error {
		return metaWord(&m.limits.Severity, value, SeverityError, SeverityWarn)
	},

	// The columns of change capture.
	"change_column":      ignored,
	"change_type_column": ignored,
	"created_column":     ignored,
}

func ignored(*nodeMeta, any) error { return nil }

// metaGate reads a number or a text. YAML turns off into false.
func metaGate[T any](gate **T, value any, parse func(string) (T, error)) error {
	if value == nil || value == false || value == "off" {
		*gate = nil
		return nil
	}
	text := fmt.Sprint(value)
	if number, ok := value.(float64); ok {
		text = strconv.FormatFloat(number, 'f', -1, 64)
	}
	parsed, err := parse(text)
	if err != nil {
		return err
	}
	*gate = &parsed
	return nil
}

func metaBool(flag *bool, value any) error {
	given, ok := value.(bool)
	if !ok {
		return fmt.Errorf("unusable value %q; expected true or false", fmt.Sprint(value))
	}
	*flag = given
	return nil
}

// metaUnusual reads gate or off, which YAML turns into false.
func metaUnusual(gate *bool, value any) error {
	switch value {
	case "gate":
		*gate = true
	case "off", false:
		*gate = false
	default:
		return fmt.Errorf("unusable value %q; expected \"gate\" or \"off\"", fmt.Sprint(value))
	}
	return nil
}

func metaWord[T ~string](word *T, value any, allowed ...T) error {
	text := T(fmt.Sprint(value))
	if slices.Contains(allowed, text) {
		*word = text
		return nil
	}
	quoted := make([]string, len(allowed))
	for i, a := range allowed {
		quoted[i] = strconv.Quote(string(a))
	}
	return fmt.Errorf("unusable value %q; expected %s", text, strings.Join(quoted, " or "))
}
