package profile

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// mark is a value that one of dbt's filters converts to another type if the template
// consists of this value alone.
type mark struct{ filter, text string }

func (m mark) String() string { return m.text }

// markFilters returns dbt's own filters.
func markFilters() map[string]exec.FilterFunction {
	filters := map[string]exec.FilterFunction{}
	for _, name := range []string{"as_text", "as_native", "as_bool", "as_number"} {
		filters[name] = func(_ *exec.Evaluator, in *exec.Value, _ *exec.VarArgs) *exec.Value {
			value, err := goValue(in)
			if err != nil {
				return exec.AsValue(err)
			}
			return exec.AsValue(mark{filter: name, text: pythonString(value)})
		}
	}
	return filters
}

// unmark converts the value. Text that is not a Python literal stays as it is, unless
// the filter requires a number or a boolean.
func unmark(value any) (any, error) {
	m, ok := value.(mark)
	if !ok {
		return value, nil
	}
	if m.filter == "as_text" {
		return m.text, nil
	}
	value, err := parseLiteral(m.text)
	if err != nil {
		value = m.text
	}
	switch value.(type) {
	case bool:
		if m.filter != "as_number" {
			return value, nil
		}
	case int, float64:
		if m.filter != "as_bool" {
			return value, nil
		}
	default:
		if m.filter == "as_native" {
			return value, nil
		}
	}
	// The text is left out: it may be a secret.
	return nil, errors.New("the value of " + m.filter + " is not a Python literal such as True, False or 5432")
}

// goValue converts a gonja value to the types of Connection.Settings, or to a mark.
func goValue(v *exec.Value) (any, error) {
	switch value := v.Interface().(type) {
	case nil, string, bool, int, float64, mark, []any, map[string]any:
		return value, nil
	case *exec.Value:
		return goValue(value)
	case error:
		return nil, value
	case exec.ValuesList:
		list := make([]any, 0, len(value))
		for _, item := range value {
			item, err := goValue(item)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	case *exec.Dict:
		dict := make(map[string]any, len(value.Pairs))
		for _, pair := range value.Pairs {
			key, err := goValue(pair.Key)
			if err != nil {
				return nil, err
			}
			dict[pythonString(key)], err = goValue(pair.Value)
			if err != nil {
				return nil, err
			}
		}
		return dict, nil
	default:
		if v.IsString() {
			return v.String(), nil
		}
		return nil, fmt.Errorf("a value of type %T", value)
	}
}

// pythonString returns the result of Python's str for a value.
func pythonString(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	return pythonRepr(value)
}

func pythonRepr(value any) string {
	switch v := value.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		return pythonQuote(v)
	case float64:
		return pythonFloat(v)
	case []any:
		items := make([]string, 0, len(v))
		for _, item := range v {
			items = append(items, pythonRepr(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case map[string]any:
		items := make([]string, 0, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			items = append(items, pythonQuote(key)+": "+pythonRepr(v[key]))
		}
		return "{" + strings.Join(items, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}

func pythonFloat(f float64) string {
	switch {
	case math.IsInf(f, 0) || math.IsNaN(f):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(f, 'g', -1, 64), "+"))
	case f == math.Trunc(f) && math.Abs(f) < 1e16:
		return strconv.FormatFloat(f, 'f', 1, 64)
	case math.Abs(f) >= 1e-4 && math.Abs(f) < 1e16:
		return strconv.FormatFloat(f, 'f', -1, 64)
	default:
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
}

func pythonQuote(s string) string {
	quote := `'`
	if strings.Contains(s, `'`) && !strings.Contains(s, `"`) {
		quote = `"`
	}
	s = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`, quote, `\`+quote).Replace(s)
	return quote + s + quote
}
