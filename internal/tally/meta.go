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

// Meta is what config.meta.tally of a node says.
type Meta struct {
	Limits  Limits
	Audit   bool // false: the node opted out
	Capture Capture
}

// ParseMeta reads config.meta.tally of a node as JSON decodes it. Its gates and its change
// column override those of base; false, off or null removes one. A nil meta changes
// nothing. The error joins all problems, one per line, and names the key, but not the
// node. A gate that cannot be read leaves that of base.
func ParseMeta(meta any, base Meta) (Meta, error) {
	said := base
	if meta == nil {
		return said, nil
	}
	entries, ok := meta.(map[string]any)
	if !ok {
		err := errors.New("meta.tally: not a mapping; expected keys and values, such as max_drop: 5%; see " + docs.Gates)
		return said, err
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
	problems = append(problems, said.Limits.Validate())
	return said, errors.Join(problems...)
}

// metaKeys are the keys of meta.tally, each with the function that reads its value.
var metaKeys = map[string]func(m *Meta, value any) error{
	"audit":       func(m *Meta, value any) error { return metaBool(&m.Audit, value) },
	"count":       func(_ *Meta, value any) error { return metaWord(new(string), value, "auto", "exact") },
	"max_drop":    func(m *Meta, value any) error { return metaGate(&m.Limits.MaxDrop, value, ParseLimit) },
	"max_growth":  func(m *Meta, value any) error { return metaGate(&m.Limits.MaxGrowth, value, ParseLimit) },
	"min_rows":    func(m *Meta, value any) error { return metaGate(&m.Limits.MinRows, value, ParseRows) },
	"max_rows":    func(m *Meta, value any) error { return metaGate(&m.Limits.MaxRows, value, ParseRows) },
	"max_updated": func(m *Meta, value any) error { return metaGate(&m.Limits.MaxUpdated, value, ParseLimit) },
	"max_deleted": func(m *Meta, value any) error { return metaGate(&m.Limits.MaxDeleted, value, ParseLimit) },
	"max_fanout":  func(m *Meta, value any) error { return metaGate(&m.Limits.MaxFanOut, value, ParsePercentage) },
	"columns": func(m *Meta, value any) error {
		if value == false {
			value = "off" // YAML's word for it
		}
		return metaWord(&m.Limits.Columns, value, AnyColumns, NoRemoval, NoChange)
	},
	"scope":   func(m *Meta, value any) error { return metaWord(&m.Limits.Scope, value, ScopeAll, ScopeEdited) },
	"unusual": func(m *Meta, value any) error { return metaUnusual(&m.Limits.Unusual, value) },
	"against": func(m *Meta, value any) error {
		return metaWord(&m.Limits.Axis, value, AxisBefore, AxisBaseline, AxisBoth)
	},
	"severity": func(m *Meta, value any) error {
		return metaWord(&m.Limits.Severity, value, SeverityError, SeverityWarn)
	},

	"change_column": func(m *Meta, value any) error {
		m.Capture.Own = true
		return metaColumn(&m.Capture.Changed, value)
	},
	"created_column":     func(m *Meta, value any) error { return metaColumn(&m.Capture.Created, value) },
	"change_type_column": func(m *Meta, value any) error { return metaTypeColumn(&m.Capture, value) },
}

// metaColumn reads the name of a column. YAML turns off into false.
func metaColumn(name *string, value any) error {
	switch given := value.(type) {
	case nil:
		*name = ""
	case bool:
		if given {
			return errors.New(`unusable value "true"; expected the name of a column, or false`)
		}
		*name = ""
	case string:
		*name = given
	default:
		return fmt.Errorf("unusable value %q; expected the name of a column, or false", fmt.Sprint(value))
	}
	return nil
}

// metaTypeColumn reads the name of a column, or a mapping with the name and the words for
// each kind of change.
func metaTypeColumn(capture *Capture, value any) error {
	words, mapped := value.(map[string]any)
	if !mapped {
		capture.Own = capture.Own || value != nil && value != false
		return metaColumn(&capture.Type, value)
	}
	capture.Own = true
	for _, key := range slices.Sorted(maps.Keys(words)) {
		if !slices.Contains([]string{"column", "insert", "update", "delete"}, key) {
			return fmt.Errorf("unknown key %q; expected column, insert, update or delete", key)
		}
	}
	if words["column"] == nil {
		return errors.New("no column; expected its name and, as lists, the words for insert, update and delete")
	}
	return metaColumn(&capture.Type, words["column"])
}

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
