package profile

import (
	"bytes"
	"strings"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
	"github.com/nikolalohinski/gonja/v2/nodes"
)

// evaluation is the rendering of one value.
type evaluation struct {
	*renderer
	noSecrets bool
	where     string
	// failed is the first error of a function. In gonja some filters (default, join)
	// swallow errors; in dbt none does.
	failed error
}

// native renders a template to a value as dbt's native environment does: the value of
// a single expression keeps its type, anything else becomes text, and text becomes a
// number or a boolean only through as_number, as_bool or as_native.
func (e *evaluation) native(source string) (value any, err error) {
	chunks, err := e.chunks(source)
	switch {
	case e.failed != nil:
		return nil, e.failed
	case err != nil:
		return nil, err
	case len(chunks) == 1 && chunks[0] == any(undefined{}):
		return nil, e.problem("its Jinja has no value; an else may be missing")
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

// undefined is the value of an if without an else: empty within a text and, by itself,
// a value with which dbt cannot connect.
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
	settings.KeepTrailingNewline = true // its only newline was removed before
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

// chunk renders one top-level node of a template: an expression to a value, anything
// else to text.
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

// constant reports whether Jinja knows an expression's value when it compiles it. It
// does not after one of dbt's own filters.
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
