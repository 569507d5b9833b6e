// Package github talks to the GitHub Actions runner: the event that started the job,
// masks, groups, annotations, the job summary and the outputs. What they contain is
// decided elsewhere.
package github

import (
	"crypto/rand"
	"io"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// Actions is the runner of this job. Outside of GitHub Actions, as on a laptop, its
// commands write nothing, because nothing would read them.
type Actions struct {
	getenv func(string) string
	out    io.Writer // nothing outside of GitHub Actions
	action *githubactions.Action
}

// New takes the job's environment and the output that the runner reads.
func New(getenv func(string) string, stdout io.Writer) *Actions {
	a := &Actions{getenv: getenv, out: io.Discard}
	if a.Active() {
		a.out = stdout
	}
	a.action = githubactions.New(
		githubactions.WithGetenv(getenv),
		githubactions.WithWriter(deaf{a.out}),
	)
	return a
}

// deaf hides write errors, on which githubactions panics: a closed output must not
// change the exit code.
type deaf struct{ w io.Writer }

func (d deaf) Write(p []byte) (int, error) {
	_, _ = d.w.Write(p)
	return len(p), nil
}

// Active reports whether this is a job on GitHub Actions.
func (a *Actions) Active() bool { return a.getenv("GITHUB_ACTIONS") == "true" }

// minMask is the length in bytes from which a text is masked: a shorter one would
// replace half of the log, and is not a secret.
const minMask = 4

// Mask makes the runner replace these texts in everything that is logged from now
// on. Each line of a text is masked by itself, because the log is read by lines.
func (a *Actions) Mask(secrets []string) {
	for _, secret := range secrets {
		for line := range strings.FieldsFuncSeq(secret, func(c rune) bool { return c == '\n' || c == '\r' }) {
			if line = strings.TrimSpace(line); len(line) >= minMask {
				a.action.AddMask(line)
			}
		}
	}
}

// StopCommands makes the runner treat what follows as plain text, so that dbt's
// output cannot contain commands. It lasts until resume is called; until then no
// other command works.
func (a *Actions) StopCommands() (resume func()) {
	token := rand.Text()
	a.action.IssueCommand(&githubactions.Command{Name: "stop-commands", Message: token})
	return func() {
		// The runner obeys a command only at the start of a line, and dbt may have
		// ended within one.
		_, _ = io.WriteString(a.out, "\n")
		a.action.IssueCommand(&githubactions.Command{Name: token})
	}
}

// Group folds the log under a title until end is called. Groups do not nest.
func (a *Actions) Group(title string) (end func()) {
	a.action.Group(title)
	return a.action.EndGroup
}
