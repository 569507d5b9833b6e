package profile

import (
	"errors"
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// The errors of LoadProject and Resolve wrap one of these, or are an *EnvVarError or a
// *TemplateError. None contains a value of the profile.
var (
	ErrNoProject      = errors.New("no dbt project")
	ErrBadProject     = errors.New("invalid dbt project")
	ErrNoProfilesFile = errors.New("no profiles.yml")
	ErrNoProfile      = errors.New("no such profile")
	ErrNoTarget       = errors.New("no such target")
	ErrBadProfile     = errors.New("invalid profile")
	ErrYAML           = errors.New("invalid YAML")
)

// EnvVarError reports that env_var reads an environment variable that is not set, and
// gives no default.
type EnvVarError struct {
	Name  string
	Where string // the file and the key
}

func (e *EnvVarError) Error() string {
	return fmt.Sprintf("environment variable %s is not set, and %s reads it; set it, or give env_var a default as "+
		"its second argument; see %s", e.Name, e.Where, docs.Troubleshooting)
}

// TemplateError reports a value whose Jinja cannot be parsed or rendered. It does not
// contain the value, which may be a password with braces in it.
type TemplateError struct {
	Where   string // the file and the key
	Problem string
}

func (e *TemplateError) Error() string {
	return fmt.Sprintf("%s: %s; use Jinja that dbt renders, with env_var and var; see %s",
		e.Where, e.Problem, docs.Troubleshooting)
}
