// Package github communicates with the GitHub Actions runner: it reads the event that
// started the job, and writes masks, groups, annotations, the job summary and the outputs.
// It leaves their contents to other packages.
package github

import (
	"crypto/rand"
	"io"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// Actions is the runner of this job. Outside of GitHub Actions, for example on a laptop,
// its commands write nothing, because nothing would read them.
type Actions struct {
	getenv func(string) string
	out    io.Writer // discards everything outside of GitHub Actions
	action *githubactions.Action
}

// New returns the runner for the job's environment and the output that the runner reads.
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

// deaf hides write errors, because githubactions panics on them, and a closed output must
// not change the exit code.
type deaf struct{ w io.Writer }

func (d deaf) Write(p []byte) (int, error) {
	_, _ = d.w.Write(p)
	return len(p), nil
}

// Active reports whether this is a job on GitHub Actions.
func (a *Actions) Active() bool { return a.getenv("GITHUB_ACTIONS") == "true" }

// minMask is the length in bytes from which a text is masked. A shorter text is not a
// secret, and its mask would replace half of the log.
const minMask = 4

// Mask makes the runner replace these texts in everything that is logged from now on. It
// masks each line of a text separately, because the runner reads the log line by line.
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
