// Package dbt runs dbt: it brings the audit hooks into a project and takes them
// out again, runs dbt's commands as child processes without changing their
// output, exit code or timing, and reads what they leave behind (the debug log,
// run_results.json, manifest.json). What the audit rows say is the business of
// others.
package dbt

import (
	"io"
	"slices"
	"time"
)

// CLI is the dbt to run and the surroundings it runs in. Its fields are set
// before the first call and not changed after.
type CLI struct {
	Executable string   // a name looked up on the PATH, or a path
	WorkDir    string   // the folder dbt runs in
	Env        []string // the environment, as in os.Environ
	ProjectDir string   // absolute; the folder of dbt_project.yml
	TargetPath string   // absolute; where dbt leaves its artifacts
	LogFile    string   // absolute; dbt's own dbt.log, "" for none
	ScratchDir string   // an existing folder of our own, for debug logs

	Stdin          io.Reader        // of commands that may ask something; nil: nothing
	Stdout, Stderr io.Writer        // dbt's own; files are handed to dbt as they are
	Kill           <-chan struct{}  // closed: a dbt that was interrupted and has not ended is killed
	Now            func() time.Time // the clock
}

// Invocation is what is known of one dbt command after it ended.
type Invocation struct {
	ID          string // dbt's invocation_id; "" where dbt ended before it said one
	Command     Command
	DBTVersion  string // "" where dbt did not say
	StartedAt   time.Time
	CompletedAt time.Time
	ExitCode    int
	Interrupted bool
	Nodes       []NodeResult // in the order they finished; a node in which dbt was interrupted comes last
	Error       string       // dbt's own words where it could not run at all, "" otherwise
	Audit       AuditCost
}

// Outcome is how an invocation ended.
type Outcome string

// The outcomes of an invocation.
const (
	Success    Outcome = "success"
	Failed     Outcome = "failed"     // dbt's exit code is not 0
	Incomplete Outcome = "incomplete" // dbt was interrupted
)

// Outcome returns how the invocation ended.
func (inv Invocation) Outcome() Outcome {
	switch {
	case inv.Interrupted:
		return Incomplete
	case inv.ExitCode != 0:
		return Failed
	default:
		return Success
	}
}

// NodeResult is what dbt said of one node: a model, a test, a hook.
type NodeResult struct {
	NodeID  string
	Status  string // dbt's word; "" where dbt was interrupted while the node ran
	Message string
	Seconds float64
}

// AuditCost is what the audit hooks cost in one invocation, as dbt's log tells.
type AuditCost struct {
	Statements int
	Seconds    float64
	Known      bool // false where dbt keeps no log that is read (dbt v2)
}

// Failed says whether dbt counts the node as failed.
func (n NodeResult) Failed() bool {
	return slices.Contains([]string{"error", "fail", "runtime error", "partial success"}, n.Status)
}

// environ returns the environment with the given variables set, NAME=value.
func (c CLI) environ(set ...string) []string {
	return append(slices.Clone(c.Env), set...)
}
