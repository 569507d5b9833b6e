// Package report turns a tally into the report that every surface is rendered
// from: report.json, which it can read back, the Markdown of the comment and of the
// job summary, and the terminal's table. It renders and writes nowhere; where a
// rendering goes is the business of others.
package report

import (
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Version is the version of the report's JSON. Keys are only ever added to a
// version; docs/report.schema.json describes it.
const Version = 1

// Status is the outcome of the run as a whole.
type Status string

// The outcomes of a run.
const (
	Success    Status = "success"
	Failed     Status = "failed"     // dbt ended with an exit code other than 0
	Incomplete Status = "incomplete" // dbt was interrupted
)

// Report is what one run of dbt-tally has to say. Counts are integers or null,
// times are RFC 3339 in UTC, durations are seconds.
type Report struct {
	Version      int          `json:"version"`
	GeneratedAt  time.Time    `json:"generated_at"`
	TallyVersion string       `json:"tally_version"`
	Status       Status       `json:"status"`
	ExitCode     int          `json:"exit_code"`
	HeadSHA      string       `json:"head_sha"` // the commit of the pull request or, without one, of the job; "" where it is not known
	Invocations  []Invocation `json:"invocations"`
	Requirements *float64     `json:"requirements_seconds"` // spent installing the input requirements; null without it
	Target       Target       `json:"target"`
	Audit        Audit        `json:"audit"`
	Baseline     *Baseline    `json:"baseline"`
	Totals       Totals       `json:"totals"`
	Models       []Model      `json:"models"`
	Failures     []Failure    `json:"failures"`
	Gates        []Gate       `json:"gates"`

	// GatesUnchecked says why gates that had to be checked could not be. The run
	// then fails as if one had been breached.
	GatesUnchecked []string `json:"gates_unchecked"`
}

// Invocation is one dbt command that was run.
type Invocation struct {
	ID          string    `json:"id"` // dbt's invocation_id; "" where dbt died before it had one
	Command     string    `json:"command"`
	DBTVersion  string    `json:"dbt_version"`
	StartedAt   time.Time `json:"started_at"`
	CompletedAt time.Time `json:"completed_at"`
	ExitCode    int       `json:"exit_code"`
}

// Target is where dbt built.
type Target struct {
	Name     string `json:"name"`
	Type     string `json:"type"` // the adapter: postgres, snowflake, duckdb, ...
	Database string `json:"database"`
	Schema   string `json:"schema"`
}

// Audit is how the rows were measured, and at what price.
type Audit struct {
	Table      string   `json:"table"`      // as the warehouse writes it; "" where nothing was audited
	Statements int      `json:"statements"` // sent by the hooks
	Seconds    *float64 `json:"seconds"`    // spent in these statements; null where dbt does not tell
	Problems   []string `json:"problems"`   // what went wrong with auditing itself
}

// Baseline is the earlier run that this one is compared with. Texts that are not
// known are "".
type Baseline struct {
	RunID       string    `json:"run_id"`
	Branch      string    `json:"branch"`
	Commit      string    `json:"commit"`
	CompletedAt time.Time `json:"completed_at"`
	URL         string    `json:"url"`
	Stale       bool      `json:"stale"`
}

// Totals sums the models up.
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
	NodeID          string       `json:"node_id"` // "" for an audit row that no node bears
	Name            string       `json:"name"`
	Relation        string       `json:"relation"`
	Path            string       `json:"path"` // relative to the dbt project
	File            string       `json:"file"` // the same relative to the repository; "" where it is not in it
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
	BaselineNew     bool         `json:"baseline_new"` // the earlier runs do not have it
	History         []int64      `json:"history"`      // after of earlier runs, oldest first, then this run's
	Unusual         bool         `json:"unusual"`      // the change is far outside its history
	Gates           []Gate       `json:"gates"`
	GatesUnchecked  string       `json:"gates_unchecked"` // why they could not be checked, else ""
}

// Failure is a node that failed, with dbt's own words.
type Failure struct {
	NodeID  string `json:"node_id"`
	Kind    string `json:"kind"` // model, seed, snapshot, test, unit_test, operation, ...
	Path    string `json:"path"`
	File    string `json:"file"` // as of a model
	Message string `json:"message"`
}

// Gate is one breach of a limit, in words that can be shown.
type Gate struct {
	NodeID   string         `json:"node_id"`
	Gate     string         `json:"gate"`
	Axis     tally.Axis     `json:"axis"`
	Limit    string         `json:"limit"`
	Value    string         `json:"value"`
	Severity tally.Severity `json:"severity"`
}

// Run is what a report says of the run beside its tally.
type Run struct {
	GeneratedAt  time.Time
	TallyVersion string
	Status       Status
	ExitCode     int
	HeadSHA      string
	Invocations  []Invocation
	Requirements *float64 // as in Report
	Target       Target
	Audit        Audit
	Failures     []Failure

	GatesUnchecked []string          // as in Report
	BaselineMaxAge time.Duration     // a baseline that is older is stale; 0: none is
	Files          map[string]string // a model's File by its Path
}

// New makes the report of a run and its tally. Models are ranked: breached gates
// that are errors, then warnings, then failed, emptied, shrank and grew by the
// size of the change, new; then those without a change. Models of the same rank
// are ordered by name.
func New(run Run, t tally.Tally) Report {
	totals := t.Totals()
	r := Report{
		Version:      Version,
		GeneratedAt:  run.GeneratedAt.UTC(),
		TallyVersion: run.TallyVersion,
		Status:       run.Status,
		ExitCode:     run.ExitCode,
		HeadSHA:      run.HeadSHA,
		Invocations:  inUTC(run.Invocations),
		Requirements: run.Requirements,
		Target:       run.Target,
		Audit:        run.Audit,
		Baseline:     baselineOf(t.BaselineRun, run),
		Totals: Totals{
			Models:     totals.Models,
			Changed:    totals.Changed,
			RowsBefore: totals.RowsBefore,
			RowsAfter:  totals.RowsAfter,
			RowsDelta:  totals.RowsAfter - totals.RowsBefore,
		},
		Models:   make([]Model, 0, len(t.Models)),
		Failures: orEmpty(run.Failures),
		Gates:    []Gate{},

		GatesUnchecked: orEmpty(run.GatesUnchecked),
	}
	r.Audit.Problems = orEmpty(r.Audit.Problems)
	for _, m := range t.Models {
		line := lineOf(m)
		line.File = run.Files[line.Path]
		r.Models = append(r.Models, line)
	}
	rank(r.Models)
	for _, b := range breachesOf(r.Models) {
		r.Gates = append(r.Gates, b.gate)
	}
	r.Totals.GatesBreached = len(r.Gates)
	return r
}

func lineOf(m tally.Model) Model {
	return Model{
		NodeID:          m.Node.ID,
		Name:            m.Node.Name,
		Relation:        m.Node.Relation,
		Path:            m.Node.Path,
		ResourceType:    m.Node.ResourceType,
		Materialized:    m.Node.Materialized,
		Status:          m.Status,
		Reason:          m.Reason,
		Before:          m.Before,
		After:           m.After,
		Change:          m.Change(),
		Baseline:        m.Baseline,
		BaselineChange:  m.BaselineChange(),
		Seconds:         m.Seconds,
		BaselineSeconds: m.BaselineSeconds,
		BaselineNew:     m.BaselineNew,
		History:         orEmpty(m.History),
		Unusual:         m.Unusual,
		Gates:           gatesOf(m.Breaches),
		GatesUnchecked:  m.Unchecked,
	}
}

// inUTC copies the invocations with their times in UTC.
func inUTC(invocations []Invocation) []Invocation {
	list := make([]Invocation, 0, len(invocations))
	for _, inv := range invocations {
		inv.StartedAt, inv.CompletedAt = inv.StartedAt.UTC(), inv.CompletedAt.UTC()
		list = append(list, inv)
	}
	return list
}

// orEmpty keeps a list that JSON shows as [] and not as null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
