package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
)

const component = "templates/tally.yml"

// withoutUse are the inputs that have no effect in the component: they are GitHub's, those
// of other commands, dbt Cloud's, or the secret, which is a variable of the project.
var withoutUse = []string{
	"mode", "github-token", "gitlab-token", "check", "summary", "annotations", "allow-pull-request-target",
	"older-than", "dry-run", "verify", "remove", "invocation",
}

// inComponent lists the other inputs.
func inComponent() []config.Input {
	return slices.DeleteFunc(config.Inputs(), func(in config.Input) bool {
		return slices.Contains(withoutUse, in.Name) || strings.HasPrefix(in.Name, "dbt-cloud")
	})
}

func TestComponentHasTheInputsOfTheCode(t *testing.T) {
	t.Parallel()
	var inputs, variables strings.Builder
	for _, in := range inComponent() {
		if in.Name == "report-dir" {
			in.Default = "dbt-tally"
		}
		fmt.Fprintf(&inputs, "    %s:\n      description: %q\n", in.Name, in.Help)
		switch {
		case slices.Equal(in.Allowed, []string{"true", "false"}):
			fmt.Fprintf(&inputs, "      type: boolean\n      default: %s\n", in.Default)
		case in.Allowed != nil:
			fmt.Fprintf(&inputs, "      options: [%q]\n      default: %q\n", strings.Join(in.Allowed, `", "`), in.Default)
		default:
			fmt.Fprintf(&inputs, "      default: %q\n", in.Default)
		}
		fmt.Fprintf(&variables, "    INPUT_%s:\n      value: |-\n        $[[ inputs.%s ]]\n      expand: false\n",
			strings.ToUpper(strings.ReplaceAll(in.Name, "-", "_")), in.Name)
	}
	text := string(read(t, component))
	text = fill(t, text, "inputs", strings.ReplaceAll(inputs.String(), `\", \"`, `", "`))
	golden.Check(t, component, fill(t, text, "variables", variables.String()))
}

func TestComponentUsesWhatItDeclares(t *testing.T) {
	t.Parallel()
	text := read(t, component)
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var header struct {
		Spec struct {
			Inputs map[string]struct {
				Description, Type string
				Default           any
				Options           []string
			}
		}
	}
	var body map[string]any
	if err := decoder.Decode(&header); err != nil {
		t.Fatal(err)
	}
	if err := decoder.Decode(&body); err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, found := range regexp.MustCompile(`\$\[\[ inputs\.([a-z-]+) \]\]`).FindAllSubmatch(text, -1) {
		used[string(found[1])] = true
		if _, ok := header.Spec.Inputs[string(found[1])]; !ok {
			t.Errorf("%s is not declared", found[1])
		}
	}
	for name, in := range header.Spec.Inputs {
		if !used[name] || in.Description == "" || in.Default == nil {
			t.Errorf("%s: used %t, %+v; want a used one with a description and a default", name, used[name], in)
		}
		if in.Options != nil && !slices.Contains(in.Options, fmt.Sprint(in.Default)) {
			t.Errorf("%s: the default %v is not among %q", name, in.Default, in.Options)
		}
	}
	for name := range body { // they would be those of the whole pipeline
		if slices.Contains([]string{"default", "variables", "stages", "image", "workflow"}, name) {
			t.Errorf("the component sets %s", name)
		}
	}
	if len(body) != 1 {
		t.Errorf("%d jobs, want one", len(body))
	}
}
