// Package dbt runs dbt. It adds the audit macros to a project and removes them, runs
// dbt's commands as child processes without changing their output, exit code or timing,
// and reads dbt's files (the debug log, run_results.json, manifest.json). It does not
// interpret the audit rows.
package dbt

import (
	"io"
	"slices"
	"time"
)

// CLI is the dbt to run, with its directories and environment. Set its fields before the
// first call and do not change them later.
type CLI struct {
	Executable string   // a name looked up on the PATH, or a path
	WorkDir    string   // the directory in which dbt runs
	Env        []string // the environment, in the form of os.Environ
	ProjectDir string   // absolute; the directory of dbt_project.yml
	TargetPath string   // absolute; the directory of dbt's artifacts
	LogFile    string   // absolute; dbt's own dbt.log; "": none
	ScratchDir string   // an existing directory for our debug logs

	Stdin          io.Reader        // of commands that may ask something; nil: nothing
	Stdout, Stderr io.Writer        // dbt's own; a file is passed to dbt directly
	Kill           <-chan struct{}  // closed: kill a dbt that was interrupted and has not ended
	Now            func() time.Time // the clock
}

// Invocation is what is known about one dbt command after it ended.
type Invocation struct {
	ID          string // dbt's invocation_id; "" if dbt ended before it reported one
	Command     Command
	DBTVersion  string // "" if dbt did not report it
	StartedAt   time.Time
	CompletedAt time.Time
	ExitCode    int
	Interrupted bool
	Killed      bool         // by a signal that did not come from dbt-tally
	Nameless    bool         // it ended early, and its log has entries but no ID
	Nodes       []NodeResult // in order of completion; an interrupted node comes last
	Error       string       // dbt's message if it could not run at all, otherwise ""
	Audit       AuditCost
}

// Outcome is the way in which an invocation ended.
type Outcome string

// The outcomes of an invocation.
const (
	Success    Outcome = "success"
	Failed     Outcome = "failed"     // dbt's exit code is not 0
	Incomplete Outcome = "incomplete" // dbt was interrupted
)

// Outcome returns the way in which the invocation ended.
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

// NodeResult is dbt's result for one node: a model, a test, a hook.
type NodeResult struct {
	NodeID  string
	Status  string // dbt's word; "" if dbt was interrupted while the node ran
	Message string
	Seconds float64
	Adapter AdapterFigures
}

// AuditCost is the cost of the audit hooks in one invocation, measured in dbt's log.
type AuditCost struct {
	Statements int
	Seconds    float64
	Known      bool // false if dbt writes no log that can be read (dbt v2)
}

// Failed reports whether dbt counts the node as failed.
func (n NodeResult) Failed() bool {
	return slices.Contains([]string{"error", "fail", "runtime error", "partial success"}, n.Status)
}

// environ returns the environment with these variables (NAME=value) set, and without those
// of the hooks that the user's has.
func (c CLI) environ(set ...string) []string {
	return append(slices.DeleteFunc(slices.Clone(c.Env), inherited.MatchString), set...)
}
