package app

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/redact"
	"github.com/dbt-tally/dbt-tally/internal/surface"
)

// console writes all messages to the user: as annotations if the CI system has them, and
// as lines on standard error elsewhere.
type console struct {
	out, err io.Writer
	system   system
	secrets  *job.Secrets
}

func newConsole(out, err io.Writer, system system) console {
	return console{out: out, err: err, system: system, secrets: job.NewSecrets(system.mask)}
}

// message shows one message, without secrets.
func (c console) message(level ci.Level, text string) {
	text = c.secrets.Redact(text)
	if c.system.annotate != nil {
		c.system.annotate(ci.Annotation{Level: level, Title: "dbt-tally", Message: text})
		return
	}
	fmt.Fprintf(c.err, "dbt-tally: %s: %s\n", level, text)
}

func (c console) warn(text string)  { c.message(ci.Warning, text) }
func (c console) error(text string) { c.message(ci.Error, text) }

// unmasked returns the dbt that removes the secrets from its output, if the CI system does
// not, and a function that writes the last line.
func (c console) unmasked(cli dbt.CLI) (quiet dbt.CLI, flush func()) {
	if !c.system.maskless {
		return cli, func() {}
	}
	out, err := redact.NewLines(cli.Stdout, c.secrets.Redact), redact.NewLines(cli.Stderr, c.secrets.Redact)
	cli.Stdout, cli.Stderr = out, err
	return cli, func() {
		_ = errors.Join(out.Flush(), err.Flush()) // an output that nothing reads changes no result
	}
}

// line prints a line of a command's own output.
func (c console) line(format string, args ...any) {
	fmt.Fprintf(c.out, format+"\n", args...)
}

// progress reports a slow step before dbt prints its first line. It writes to standard
// error, because another program may read dbt's output.
func (c console) progress(format string, args ...any) {
	fmt.Fprintf(c.err, "dbt-tally: "+format+" …\n", args...)
}

// refuse reports every mistake in the inputs, each on its own line of err.
func (c console) refuse(err error) int {
	for message := range strings.Lines(err.Error()) {
		c.error(strings.TrimSpace(message))
	}
	return ExitUsage
}

// problems reports the problems of auditing, as errors if auditing must work.
func (c console) problems(list []string, mustWork bool) {
	level := ci.Warning
	if mustWork {
		level = ci.Error
	}
	for _, problem := range list {
		c.message(level, problem)
	}
}

// skipped returns a function that reports surfaces that could not be reached.
func (c console) skipped(event ci.Event) func(surface.Skipped) {
	describe := surface.Reporter(event, c.system.vendor)
	return func(s surface.Skipped) {
		if level, text, ok := describe(s); ok {
			c.message(level, text)
		}
	}
}
