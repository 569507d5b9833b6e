// Package report turns a tally into the one value that every surface shows. It owns what
// all surfaces have in common: report.json, which it can also read, the verdict, the
// order of the models, the look of each status and the wording of numbers. Package
// markdown and package terminal render the value; other packages deliver it.
package report

import (
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Version is the version of the report's JSON. Keys are only ever added to a version;
// docs/report.schema.json describes it.
const Version = 1

// Status is the outcome of the run as a whole.
type Status string

// The outcomes of a run.
const (
	Success    Status = "success"
	Failed     Status = "failed"     // dbt ended with an exit code other than 0
	Incomplete Status = "incomplete" // dbt was interrupted
)

// Report is the result of one run of dbt-tally. Counts are integers or null, times are
// RFC 3339 in UTC, durations are in seconds.
type Report struct {
	Version      int          `json:"version"`
	GeneratedAt  time.Time    `json:"generated_at"`
	TallyVersion string       `json:"tally_version"`
	Status       Status       `json:"status"`
	ExitCode     int          `json:"exit_code"`
	HeadSHA      string       `json:"head_sha"` // the pull request's, otherwise the job's commit; "" if unknown
	Branch       string       `json:"branch"`   // the branch that was built; "" if unknown
	Invocations  []Invocation `json:"invocations"`
	Requirements *float64     `json:"requirements_seconds"` // spent installing them; null without any
	Target       Target       `json:"target"`
	Audit        Audit        `json:"audit"`
	Baseline     *Baseline    `json:"baseline"`
	Totals       Totals       `json:"totals"`
	Models       []Model      `json:"models"`
	Failures     []Failure    `json:"failures"`
	Gates        []Gate       `json:"gates"`
	Causes       []RootCause  `json:"causes"`    // the largest first, edits before data
	Drift        *Drift       `json:"drift"`     // null if nothing could be compared
	Removed      []string     `json:"removed"`   // models, seeds and snapshots of the baseline that are gone
	Runs         []Run        `json:"-"`         // the earlier runs that the trends refer to, newest first
	Cloud        *CloudRun    `json:"dbt_cloud"` // null if dbt did not run in dbt Cloud

	// Sought describes the search for a baseline that was not found. It is nil if there
	// is a baseline or none was wanted.
	Sought *Sought `json:"sought_baseline"`

	// GatesUnchecked lists why gates that had to be checked could not be. The run then
	// fails as if a gate had been breached.
	GatesUnchecked []string `json:"gates_unchecked"`
}

// Invocation is one dbt command that was run.
type Invocation struct {
	ID          string    `json:"id"` // dbt's invocation_id; "" if dbt ended before it had one
	Command     string    `json:"command"`
	DBTVersion  string    `json:"dbt_version"`
	StartedAt   time.Time `json:"started_at"`
	CompletedAt time.Time `json:"completed_at"`
	ExitCode    int       `json:"exit_code"`
}

// CloudRun is the run of dbt Cloud that a report is about.
type CloudRun struct {
	RunID int64  `json:"run_id"`
	JobID int64  `json:"job_id"`
	URL   string `json:"url"`
}

// Target is the target of the profile, in which dbt built.
type Target struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // the adapter: postgres, snowflake, duckdb, ...
	Database string `json:"database"`
	Schema   string `json:"schema"`
}

// Audit describes how the rows were counted, and the cost.
type Audit struct {
	Table      string   `json:"table"`      // as the warehouse writes it; "" if nothing was audited
	Statements int      `json:"statements"` // sent by the hooks
	Seconds    *float64 `json:"seconds"`    // spent in these statements; null if dbt does not report it
	// Around is the time that auditing took before and after dbt: to prepare the tables,
	// read the rows and record the run. It includes the starts of dbt for these steps.
	Around   float64  `json:"around_seconds"`
	Problems []string `json:"problems"` // problems with auditing itself
}

// Baseline is the earlier run that this one is compared with. Unknown texts are "".
type Baseline struct {
	RunID       string    `json:"run_id"`
	Branch      string    `json:"branch"`
	Commit      string    `json:"commit"`
	CompletedAt time.Time `json:"completed_at"`
	URL         string    `json:"url"`
	Stale       bool      `json:"stale"`
}

// Sought describes the runs that were searched for a baseline. A text that does not
// restrict them is "".
type Sought struct {
	Branch    string `json:"branch"`
	Target    string `json:"target"`
	RunID     string `json:"run_id"`
	Table     string `json:"table"`     // the audit table, quoted
	Elsewhere bool   `json:"elsewhere"` // another branch's runs were searched, as on a pull request
}

// Totals summarises the models.
type Totals struct {
	Models        int   `json:"models"`
	Changed       int   `json:"changed"`
	RowsBefore    int64 `json:"rows_before"`
	RowsAfter     int64 `json:"rows_after"`
	RowsDelta     int64 `json:"rows_delta"`
	GatesBreached int   `json:"gates_breached"` // of either severity
}

// Model is the line of one model, seed or snapshot.
type Model struct {
	NodeID          string       `json:"node_id"` // "" for an audit row that belongs to no node
	Name            string       `json:"name"`
	Relation        string       `json:"relation"`
	Path            string       `json:"path"` // relative to the dbt project
	File            string       `json:"file"` // the same relative to the repository; "" if it is not in it
	ResourceType    string       `json:"resource_type"`
	Materialized    string       `json:"materialized"`
	Status          tally.Status `json:"status"`
	Reason          string       `json:"reason"`
	Before          *int64       `json:"before"`
	After           *int64       `json:"after"`
	Change          *int64       `json:"change"`
	Baseline        *int64       `json:"baseline"`
	BaselineChange  *int64       `json:"baseline_change"`
	Seconds         float64      `json:"seconds"`
	BaselineSeconds *float64     `json:"baseline_seconds"`
	BaselineNew     bool         `json:"baseline_new"`  // no earlier run has it
	History         []int64      `json:"history"`       // after of earlier runs, oldest first, then this run's
	HistorySince    *time.Time   `json:"history_since"` // the end of the first run in it; null if unknown
	Unusual         bool         `json:"unusual"`       // the change is far outside its history
	Gates           []Gate       `json:"gates"`
	GatesSet        []string     `json:"-"`               // the names of the gates that apply to it
	GatesUnchecked  string       `json:"gates_unchecked"` // why they could not be checked, otherwise ""
	Parents         []string     `json:"parents"`         // node IDs of the nodes that it reads
	Cause           *Cause       `json:"cause"`           // why it differs from the baseline; null if it does not
	FanOut          *FanOut      `json:"fan_out"`         // null if it did not move
	Columns         *Columns     `json:"columns"`         // null if they are the baseline's, or unknown
	Trend           Trend        `json:"-"`
	Written         *Written     `json:"written"` // null if it was not counted
	Adapter         *Adapter     `json:"adapter"` // null if the adapter reports nothing of it
	// CountSource is where After is from, or carried if Before or After is; "" if unknown.
	CountSource tally.CountSource `json:"count_source"`
}

// Columns are the columns of a model that differ from the baseline's.
type Columns struct {
	Added   []tally.Column  `json:"added"`
	Removed []tally.Column  `json:"removed"`
	Retyped []tally.Retyped `json:"retyped"`
}

// FanOut is how many rows a model has per row of its largest parent.
type FanOut struct {
	Parent   string  `json:"parent"` // node ID
	Ratio    float64 `json:"ratio"`
	Baseline float64 `json:"baseline"` // the same there
}

// Cause is the reason why a model differs from the baseline.
type Cause struct {
	Kind   tally.CauseKind `json:"kind"`
	Of     string          `json:"of"`     // the nearest node upstream that differs; "" if it is its own cause
	Root   string          `json:"root"`   // the node with which the chain of causes begins
	Reason string          `json:"reason"` // why the cause is unknown, otherwise ""
}

// RootCause is a node with which differences begin, and the models that differ because of
// it.
type RootCause struct {
	NodeID string          `json:"node_id"`
	Kind   tally.CauseKind `json:"kind"`
	File   string          `json:"file"`   // relative to the repository; "" if it is not in it
	Models []string        `json:"models"` // node IDs, without its own
}

// Drift is how far the untouched models moved since the baseline.
type Drift struct {
	Models int     `json:"models"` // untouched models that could be compared
	Moved  int     `json:"moved"`  // those with another number of rows
	Median float64 `json:"median"` // of their relative changes: 0.004 is 0.4%
}

// Failure is a failed node, with dbt's own message.
type Failure struct {
	NodeID  string `json:"node_id"`
	Kind    string `json:"kind"` // model, seed, snapshot, test, unit_test, operation, ...
	Path    string `json:"path"`
	File    string `json:"file"` // as in Model
	Message string `json:"message"`
}

// Gate is one breach of a limit, as texts to show.
type Gate struct {
	NodeID   string         `json:"node_id"`
	Gate     string         `json:"gate"`
	Axis     tally.Axis     `json:"axis"`
	Limit    string         `json:"limit"`
	Value    string         `json:"value"`
	Severity tally.Severity `json:"severity"`
}
