package app

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

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
	out, flushOut := c.withoutSecrets(cli.Stdout)
	err, flushErr := c.withoutSecrets(cli.Stderr)
	cli.Stdout, cli.Stderr = out, err
	return cli, func() { flushOut(); flushErr() }
}

// withoutSecrets returns a writer for the output of another program. It removes the
// secrets, if the CI system does not, and flush writes the last line.
func (c console) withoutSecrets(to io.Writer) (writer io.Writer, flush func()) {
	if !c.system.maskless {
		return to, func() {}
	}
	lines := redact.NewLines(to, c.secrets.Redact)
	return lines, func() { _ = lines.Flush() } // an output that nothing reads changes no result
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

// How often a step that takes long reports that it goes on.
const (
	inTerminal = time.Second
	inLog      = 10 * time.Second
)

// working reports on standard error how long a step has been going on: one line that
// changes on a terminal, and a line every 10 s in a log. The caller calls end.
func (c console) working(what string) (end func()) {
	file, ok := c.err.(*os.File)
	if ok && c.system.annotate == nil && term.IsTerminal(int(file.Fd())) {
		return going(c.err, what, inTerminal, "\r", "\r\x1b[K")
	}
	return going(c.err, what, inLog, "", "")
}

// going writes a line after each interval. On a terminal the line begins with a return and
// ends without a newline, and the last thing written is wipe.
func going(w io.Writer, what string, every time.Duration, begin, wipe string) (end func()) {
	stop, began := make(chan struct{}), time.Now()
	var done sync.WaitGroup
	done.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		written := false
		for {
			select {
			case <-stop:
				if written {
					fmt.Fprint(w, wipe)
				}
				return
			case <-ticker.C:
				line := fmt.Sprintf("%sdbt-tally: %s, %d s so far", begin, what, int(time.Since(began).Seconds()))
				if begin == "" {
					line += "\n"
				}
				fmt.Fprint(w, line)
				written = true
			}
		}
	})
	return sync.OnceFunc(func() {
		close(stop)
		done.Wait()
	})
}
