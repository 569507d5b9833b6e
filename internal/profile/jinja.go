package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// evaluation is the rendering of one value.
type evaluation struct {
	*renderer
	noSecrets bool
	where     string
	// failed is the first error of a function. gonja lets some filters swallow
	// it (default, join), dbt none.
	failed error
}

// native renders a template to a value as dbt's native environment does: what a
// single expression gives keeps its type, anything else becomes text, and text
// becomes a number or boolean only by as_number, as_bool or as_native.
func (e *evaluation) native(source string) (value any, err error) {
	chunks, err := e.chunks(source)
	switch {
	case e.failed != nil:
		return nil, e.failed
	case err != nil:
		return nil, err
	case len(chunks) == 1 && chunks[0] == any(undefined{}):
		return nil, e.problem("its Jinja gives no value; it may lack an else")
	case len(chunks) == 1:
		value, err := unmark(chunks[0])
		if err != nil {
			return nil, e.problem(err.Error())
		}
		return value, nil
	}
	var text strings.Builder
	for _, chunk := range chunks {
		text.WriteString(pythonString(chunk))
	}
	return text.String(), nil
}

func (e *evaluation) problem(what string) error {
	return &TemplateError{Where: e.where, Problem: what}
}

// undefined is what an if without an else gives: nothing within a text, and no
// value that dbt could connect with when it stands alone.
type undefined struct{}

func (undefined) String() string { return "" }

// chunks parses and renders a template piece by piece.
func (e *evaluation) chunks(source string) (chunks []any, err error) {
	defer func() {
		// gonja panics on some input, such as a division by zero.
		if recover() != nil {
			chunks, err = nil, e.problem("its Jinja cannot be rendered")
		}
	}()
	source = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(source)
	source = strings.TrimSuffix(source, "\n")
	if !strings.Contains(source, "{{") && !strings.Contains(source, "{%") && !strings.Contains(source, "{#") {
		return []any{source}, nil
	}

	const name = "/value"
	settings := config.New()
	settings.StrictUndefined = true
	settings.KeepTrailingNewline = true // its one newline is off already
	loader, err := loaders.NewMemoryLoader(map[string]string{name: source})
	if err != nil {
		return nil, err
	}
	env := e.environment()
	template, err := exec.NewTemplate(name, settings, loader, env)
	if err != nil {
		return nil, e.problem("its Jinja has a syntax error")
	}
	var text bytes.Buffer
	renderer := exec.NewRenderer(env, &text, settings, loader, template)
	for _, node := range template.Root().Nodes {
		chunk, err := chunk(renderer, node, &text)
		if err != nil {
			return nil, e.problem("its Jinja cannot be rendered")
		}
		if chunk != any("") {
			chunks = append(chunks, chunk)
		}
	}
	if chunks == nil {
		chunks = []any{""}
	}
	return chunks, nil
}

// chunk renders one top-level node of a template: to a value when it is an
// expression, to text when not.
func chunk(r *exec.Renderer, node nodes.Node, text *bytes.Buffer) (any, error) {
	output, ok := node.(*nodes.Output)
	if !ok {
		text.Reset()
		err := nodes.Walk(r, node)
		return text.String(), err
	}
	expression := output.Expression
	if output.Condition != nil {
		condition := r.Eval(output.Condition)
		switch {
		case condition.IsError():
			return nil, condition
		case condition.IsTrue():
		case output.Alternative == nil:
			return undefined{}, nil
		default:
			expression = output.Alternative
		}
	}
	value, err := goValue(r.Eval(expression))
	if err == nil && constant(expression) && (output.Condition == nil || constant(output.Condition)) {
		// Jinja's compiler writes constants into the template's text.
		value = pythonString(value)
	}
	return value, err
}

// constant says whether Jinja knows an expression's value when it compiles it.
// The marks that dbt's own filters leave keep it from doing so.
func constant(n nodes.Node) bool {
	switch n := n.(type) {
	case *nodes.String, *nodes.Integer, *nodes.Float, *nodes.Bool, *nodes.None:
		return true
	case *nodes.Name:
		return n.Name.Val == "none" || n.Name.Val == "None"
	case *nodes.UnaryExpression:
		return constant(n.Term)
	case *nodes.Negation:
		return constant(n.Term)
	case *nodes.BinaryExpression:
		return constant(n.Left) && constant(n.Right)
	case *nodes.List:
		return constants(n.Val)
	case *nodes.Tuple:
		return constants(n.Val)
	case *nodes.FilteredExpression:
		for _, filter := range n.Filters {
			if strings.HasPrefix(filter.Name, "as_") || !constants(filter.Args) {
				return false
			}
		}
		return constant(n.Expression)
	default:
		return false
	}
}

func constants(list []nodes.Expression) bool {
	for _, n := range list {
		if !constant(n) {
			return false
		}
	}
	return true
}

// environment has what dbt gives to profiles and what gonja has of Jinja's
// filters and tests. Statements that could load files or call themselves without
// end are left out: a profile has no use for them, and Go cannot recover from a
// full stack.
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

// envVar is dbt's env_var. A variable that is set wins over the default even
// when it is empty.
func (e *evaluation) envVar(_ *exec.Evaluator, args *exec.VarArgs) (any, error) {
	name, fallback, hasDefault, err := nameAndDefault(args, "var")
	if err != nil {
		return nil, e.fail(e.problem("env_var is called with the wrong arguments"))
	}
	value, ok := e.lookupEnv(name)
	switch {
	case strings.HasPrefix(name, secretPrefix) && e.noSecrets:
		return nil, e.fail(e.problem("it reads " + name + ", but secret environment variables can be read in profiles.yml only"))
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

// variable is dbt's var, which knows the variables of the command line only. A
// string is rendered in its turn, to text.
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
	// A variable sees all others but itself, so that no chain of them is endless.
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

func nameAndDefault(args *exec.VarArgs, nameKey string) (name string, fallback *exec.Value, hasDefault bool, err error) {
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

// fromJSON is dbt's fromjson: what cannot be parsed gives the default, or none.
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
