package profile

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// environment contains dbt's functions for profiles and gonja's filters and tests.
// Statements that could load files or recurse without end are left out: a profile has
// no use for them, and Go cannot recover from a stack overflow.
func (e *evaluation) environment() *exec.Environment {
	filters := exec.NewFilterSet(map[string]exec.FilterFunction{})
	filters.Update(builtins.Filters)
	filters.Update(exec.NewFilterSet(markFilters()))

	statements := map[string]parser.ControlStructureParser{}
	for _, name := range []string{"if", "set", "with", "do", "raw"} {
		if statement, ok := builtins.ControlStructures.Get(name); ok {
			statements[name] = statement
		}
	}
	context := map[string]any{
		"none":     nil,
		"None":     nil,
		"env_var":  e.envVar,
		"var":      e.variable,
		"fromjson": fromJSON,
	}
	if e.target != nil {
		context["target"] = e.target
	}
	return &exec.Environment{
		Context:           exec.NewContext(context),
		Filters:           filters,
		Tests:             builtins.Tests,
		ControlStructures: exec.NewControlStructureSet(statements),
		Methods:           builtins.Methods,
	}
}

// envVar is dbt's env_var. A variable that is set takes precedence over the default, even
// if it is empty.
func (e *evaluation) envVar(_ *exec.Evaluator, args *exec.VarArgs) (any, error) {
	name, fallback, hasDefault, err := nameAndDefault(args, "var")
	if err != nil {
		return nil, e.fail(e.problem("env_var is called with the wrong arguments"))
	}
	value, ok := e.lookupEnv(name)
	switch {
	case strings.HasPrefix(name, secretPrefix) && e.noSecrets:
		return nil, e.fail(e.problem("it reads " + name +
			", but secret environment variables can be read in profiles.yml only"))
	case ok && strings.HasPrefix(name, secretPrefix):
		e.secrets[name] = value
		return secretStart + name + secretEnd, nil
	case ok:
		return value, nil
	case hasDefault && !fallback.IsNil():
		return fallback.Interface(), nil
	}
	return nil, e.fail(&EnvVarError{Name: name, Where: e.where})
}

// variable is dbt's var, which has only the variables of the command line. A string
// is rendered again, to text.
func (e *evaluation) variable(_ *exec.Evaluator, args *exec.VarArgs) (any, error) {
	name, fallback, hasDefault, err := nameAndDefault(args, "var_name")
	if err != nil {
		return nil, e.fail(e.problem("var is called with the wrong arguments"))
	}
	value, ok := e.vars[name]
	switch {
	case !ok && hasDefault:
		return fallback.Interface(), nil
	case !ok:
		return nil, e.fail(e.problem("it needs the variable " + name + ", which --vars does not set"))
	}
	text, ok := value.(string)
	if !ok {
		return value, nil
	}
	// A variable cannot read itself, so every chain of variables ends.
	others := *e.renderer
	others.vars = map[string]any{}
	for other, value := range e.vars {
		if other != name {
			others.vars[other] = value
		}
	}
	inner := evaluation{renderer: &others, noSecrets: e.noSecrets, where: e.where}
	chunks, err := inner.chunks(text)
	if err := errors.Join(inner.failed, err); err != nil {
		return nil, e.fail(err)
	}
	var rendered strings.Builder
	for _, chunk := range chunks {
		rendered.WriteString(pythonString(chunk))
	}
	return rendered.String(), nil
}

func (e *evaluation) fail(err error) error {
	if e.failed == nil {
		e.failed = err
	}
	return err
}

func nameAndDefault(
	args *exec.VarArgs, nameKey string,
) (name string, fallback *exec.Value, hasDefault bool, err error) {
	values := map[string]*exec.Value{}
	for i, value := range args.Args {
		if i > 1 {
			return "", nil, false, errors.New("too many arguments")
		}
		values[[]string{nameKey, "default"}[i]] = value
	}
	for key, value := range args.KwArgs {
		values[key] = value
	}
	if values[nameKey] == nil || !values[nameKey].IsString() {
		return "", nil, false, errors.New("no name")
	}
	fallback, hasDefault = values["default"]
	return values[nameKey].String(), fallback, hasDefault, nil
}

// fromJSON is dbt's fromjson. For text that cannot be parsed it returns the default, or none.
func fromJSON(_ *exec.Evaluator, args *exec.VarArgs) (any, error) {
	text := args.First().String()
	if value, err := parseYAML([]byte(text)); err == nil && json.Valid([]byte(text)) {
		return value, nil
	}
	if len(args.Args) > 1 {
		return args.Args[1].Interface(), nil
	}
	return nil, nil
}
