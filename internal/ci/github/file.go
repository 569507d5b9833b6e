package github

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// ErrNoFile is the error of Summary and Output if the runner has not named a file for
// them, for example outside of GitHub Actions.
var ErrNoFile = errors.New("not set by the runner")

// Summary adds Markdown to the step's summary. The caller must keep it below 1 MiB, because
// GitHub drops the whole summary of a step that is larger.
func (a *Actions) Summary(markdown string) error {
	return a.appendTo("GITHUB_STEP_SUMMARY", strings.TrimSuffix(markdown, "\n")+"\n")
}

// Output sets an output of the step. The value is a scalar or JSON on one line. Output
// refuses a value of several lines.
//
// It does not use githubactions.SetOutput, which ends a value at a fixed delimiter: a value
// that contains the delimiter could set other outputs.
func (a *Actions) Output(name, value string) error {
	if strings.ContainsAny(value, "\r\n") {
		return fmt.Errorf("output %q: the value has several lines; expected one", name)
	}
	return a.appendTo("GITHUB_OUTPUT", name+"="+value+"\n")
}

// appendTo appends to the file that an environment variable names.
func (a *Actions) appendTo(variable, text string) (err error) {
	path := a.getenv(variable)
	if path == "" {
		return fmt.Errorf("%s: %w", variable, ErrNoFile)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", variable, err)
		}
	}()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
