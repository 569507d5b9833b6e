// Package config converts flags and the action's inputs to one validated Config. It owns
// the list of inputs, and leaves the meaning of the values to other packages.
package config

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Config contains the inputs, validated and with defaults.
type Config struct {
	Command       Command
	Commands      [][]string // dbt command lines without the leading dbt, at least one
	ProjectDir    string     // "" for dbt's own search, as for the next four
	ProfilesDir   string
	Profile       string
	Target        string
	Threads       string
	DBTExecutable string
	Requirements  []string // lines for uv; none: the dbt that is installed
	InstallDeps   bool     // if packages are declared and missing
	Hooks         Hooks
	Audit         Audit
	CountViews    bool
	ChangeColumn  string
	CountExact    bool
	Baseline      Baseline
	Limits        tally.Limits // the gates of every model whose meta sets none
	Accept        bool         // breaches of this run are only reported, and its counts become a baseline

	GitHubToken    string
	GitLabToken    string
	Comment        When
	CommentKey     string
	ReviewComments When
	Check          When // a check run that reflects the gates
	Issue          When // for runs without a pull request
	Summary        bool
	Annotations    bool
	ReportURL      string // the address of report.html, "" if it is not known
	ReportDir      string // "" for the default; never "" for Publish

	Cloud CloudJob // for Cloud

	AllowPullRequestTarget bool // run even if the checkout may contain the pull request's code

	History    HistoryOptions
	OlderThan  time.Duration // Prune: the age from which rows are deleted, a day or more
	DryRun     bool          // Prune: only count
	CheckOnly  bool          // Install: only check that the macros are current
	Remove     bool          // Install: remove the macros
	Invocation string        // Report: dbt's invocation_id, "" for that of target/run_results.json
}

// Tokens returns the secrets among the inputs.
func (c Config) Tokens() []string { return []string{c.GitHubToken, c.GitLabToken, c.Cloud.Token} }

// Table is the name of a table. A part is "" if it is not given.
type Table struct{ Database, Schema, Name string }

// String returns the name as the user writes it.
func (t Table) String() string {
	parts := slices.DeleteFunc([]string{t.Database, t.Schema, t.Name}, func(part string) bool { return part == "" })
	return strings.Join(parts, ".")
}

// HistoryOptions select what the command History shows, and how.
type HistoryOptions struct {
	Models    []string      // names or patterns as of path.Match; none: every model
	Since     time.Duration // the period before now
	Branch    string        // "": every branch
	JSON, CSV bool          // not both
	HTML      string        // the file to write, "" for none
}

// Audit selects the audit table, and what happens if it cannot be used.
type Audit struct {
	Table    Table
	Fallback bool // the user named no schema: use the target's if ours cannot be created
	Failure  Failure
}

// Failure selects what happens if auditing does not work.
type Failure string

// Auto is the value of several inputs that lets the situation decide.
const Auto Failure = "auto"

// What happens if auditing does not work. With Auto it is reported, and gates that
// could not be checked fail.
const (
	Warn Failure = "warn"
	Fail Failure = "fail" // dbt does not run without auditing
)

// Hooks selects the hooks that write the audit rows.
type Hooks string

// The values of Hooks.
const (
	Inject  Hooks = "inject"  // hooks that are added for this run
	Project Hooks = "project" // the project's own hooks
	Off     Hooks = "off"     // nothing
)

// DefaultKey is the comment-key of a workflow with one job.
const DefaultKey = "default"

// When selects the reports for which a surface is written.
type When string

// The values of When for all surfaces, from the most to the fewest reports.
const (
	Always   When = "always"
	Changes  When = "changes"  // if rows changed or there is a problem
	Problems When = "problems" // if dbt failed, a gate is breached, or auditing does not work
	Never    When = "off"
)

// The errors of Parse if the user did not ask for a run.
var (
	ErrHelp    = errors.New("help was requested and printed")
	ErrVersion = errors.New("the version was requested")
)

// Baseline selects the earlier run to compare with. With neither Branch nor RunID, and
// not Off, the event that started the run decides.
type Baseline struct {
	Off    bool
	Branch string
	RunID  string        // dbt's invocation_id
	Target string        // name of the target that built it; "" for this run's
	Table  Table         // the zero value for this run's audit table
	MaxAge time.Duration // an older one is stale
}
