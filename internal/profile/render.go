package profile

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The prefix of secret environment variables, and the placeholder for one while its
// template is rendered, so that no filter sees the value.
const (
	secretPrefix = "DBT_ENV_SECRET"
	secretStart  = "$$$DBT_SECRET_START$$$"
	secretEnd    = "$$$DBT_SECRET_END$$$"
)

// It is as greedy as dbt's: two secrets in one line count as one name, which is not set.
var placeholder = regexp.MustCompile(
	regexp.QuoteMeta(secretStart) + "(" + secretPrefix + ".*)" + regexp.QuoteMeta(secretEnd))

// renderer renders values as dbt's ProfileRenderer does.
type renderer struct {
	lookupEnv func(string) (string, bool)
	vars      map[string]any
	target    map[string]any    // the variable target of templates; nil in a profile
	secrets   map[string]string // the DBT_ENV_SECRET_* variables that were read
}

func newRenderer(o Options) *renderer {
	return &renderer{lookupEnv: o.LookupEnv, vars: o.Vars, secrets: map[string]string{}}
}

// tree renders every value below v; keys stay as they are. path names v for
// errors and identifies passwords: one that cannot be rendered is used literally. The
// error joins all problems, in the order of the keys.
func (r *renderer) tree(v any, path []string) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		rendered := make(map[string]any, len(v))
		var problems []error
		for _, key := range slices.Sorted(maps.Keys(v)) {
			value, err := r.tree(v[key], append(path[:len(path):len(path)], key))
			problems = append(problems, err)
			rendered[key] = value
		}
		if err := errors.Join(problems...); err != nil {
			return nil, err
		}
		return rendered, nil
	case []any:
		rendered := make([]any, 0, len(v))
		for i, item := range v {
			value, err := r.tree(item, append(path[:len(path):len(path)], fmt.Sprint(i)))
			if err != nil {
				return nil, err
			}
			rendered = append(rendered, value)
		}
		return rendered, nil
	default:
		return r.leaf(v, path)
	}
}

// outputDepth is the length of the path of an output, profile.outputs.target. dbt looks
// for passwords below it.
const outputDepth = 3

func (r *renderer) leaf(v any, path []string) (any, error) {
	where := strings.Join(path, ".")
	rendered, err := r.value(v, where, false)
	if err == nil {
		return rendered, nil
	}
	for _, key := range path[min(outputDepth, len(path)):] {
		if key == "password" && !errors.Is(err, errPlaceholder) {
			return r.reveal(v, where)
		}
	}
	return nil, err
}

// value renders one value. Only strings can contain Jinja. If noSecrets is set, reading
// a secret is an error, as it is for dbt outside of profiles.yml.
func (r *renderer) value(v any, where string, noSecrets bool) (any, error) {
	text, ok := v.(string)
	if !ok {
		return v, nil
	}
	e := evaluation{renderer: r, noSecrets: noSecrets, where: where}
	rendered, err := e.native(text)
	if err != nil {
		return nil, err
	}
	if noSecrets {
		return rendered, nil
	}
	return r.reveal(rendered, where)
}

// errPlaceholder marks errors after rendering, which dbt does not ignore even for a
// password.
var errPlaceholder = errors.New("secret not replaced")

// reveal replaces the placeholder by the secret. As in dbt, a value that mentions
// secret variables without reading one becomes empty.
func (r *renderer) reveal(v any, where string) (any, error) {
	if !strings.Contains(pythonString(v), secretPrefix) {
		return v, nil
	}
	text, ok := v.(string)
	if !ok {
		return nil, placeholderError(where, "a secret environment variable is read inside a list or mapping")
	}
	match := placeholder.FindStringSubmatch(text)
	if match == nil {
		return nil, nil
	}
	secret, ok := r.secrets[match[1]]
	if !ok {
		return nil, placeholderError(where,
			"it reads more than one secret environment variable in one line, which dbt cannot")
	}
	return strings.ReplaceAll(text, secretStart+match[1]+secretEnd, secret), nil
}

func placeholderError(where, problem string) error {
	return fmt.Errorf("%w: %w", errPlaceholder, &TemplateError{Where: where, Problem: problem})
}
