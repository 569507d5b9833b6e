// Package runner speaks with the GitHub Actions runner: the event that started
// the job, masks, groups, annotations, the step's summary and its outputs. What
// they say is decided elsewhere.
package runner

import (
	"crypto/rand"
	"io"
	"strings"

	"github.com/sethvargo/go-githubactions"
)

// Runner is the runner of this job. Away from GitHub Actions, as on a laptop,
// its commands write nothing, since nobody would read them.
type Runner struct {
	getenv func(string) string
	action *githubactions.Action
}

// New takes the job's environment and the output that the runner reads.
func New(getenv func(string) string, stdout io.Writer) *Runner {
	r := &Runner{getenv: getenv}
	if !r.Active() {
		stdout = io.Discard
	}
	r.action = githubactions.New(
		githubactions.WithGetenv(getenv),
		githubactions.WithWriter(deaf{stdout}),
	)
	return r
}

// deaf hides write errors, at which githubactions panics: a closed output must
// not stand in the way of dbt's exit code.
type deaf struct{ w io.Writer }

func (d deaf) Write(p []byte) (int, error) {
	_, _ = d.w.Write(p)
	return len(p), nil
}

// Active says whether this is a job on GitHub Actions.
func (r *Runner) Active() bool { return r.getenv("GITHUB_ACTIONS") == "true" }

// Input returns an input of the action as its user wrote it, without the space
// around it; "" where it is not set.
func (r *Runner) Input(name string) string { return r.action.GetInput(name) }

// minMask is the length in bytes from which a text is masked: a shorter one would
// star out half of the log, and is no secret.
const minMask = 4

// Mask makes the runner star out these texts in everything that is logged from
// now on. Of a text of several lines each line is masked, since the log is read
// by lines.
func (r *Runner) Mask(secrets []string) {
	for _, secret := range secrets {
		for line := range strings.FieldsFuncSeq(secret, func(c rune) bool { return c == '\n' || c == '\r' }) {
			if line = strings.TrimSpace(line); len(line) >= minMask {
				r.action.AddMask(line)
			}
		}
	}
}

// StopCommands makes the runner take what follows for plain text, so that what
// dbt prints cannot give it orders. It lasts until resume is called; until then
// no other command is understood.
func (r *Runner) StopCommands() (resume func()) {
	token := rand.Text()
	r.action.IssueCommand(&githubactions.Command{Name: "stop-commands", Message: token})
	return func() { r.action.IssueCommand(&githubactions.Command{Name: token}) }
}

// Group folds what is logged until end is called under a title. Groups do not nest.
func (r *Runner) Group(title string) (end func()) {
	r.action.Group(title)
	return r.action.EndGroup
}
