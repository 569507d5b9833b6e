package report

import (
	"slices"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Input contains the data of a report that are not in its tally.
type Input struct {
	GeneratedAt  time.Time
	TallyVersion string
	Status       Status
	ExitCode     int
	HeadSHA      string
	Branch       string
	Invocations  []Invocation
	Requirements *float64 // as in Report
	Target       Target
	Audit        Audit
	Failures     []Failure
	Cloud        *CloudRun // as in Report

	Sought         *Sought           // as in Report
	GatesUnchecked []string          // as in Report
	BaselineMaxAge time.Duration     // an older baseline is stale; 0: never
	Files          map[string]string // relative to the repository, by node ID
	Adapter        map[string]Adapter
}

// New returns the report of a run and its tally. Models are ranked: gates breached with
// severity error, then with severity warn, then failed, emptied, shrank and grew by the
// size of the change, new, and finally those without a change. Models of the same rank
// are ordered by name.
func New(run Input, t tally.Tally) Report {
	totals := t.Totals()
	r := Report{
		Version:      Version,
		GeneratedAt:  run.GeneratedAt.UTC(),
		TallyVersion: run.TallyVersion,
		Status:       run.Status,
		ExitCode:     run.ExitCode,
		HeadSHA:      run.HeadSHA,
		Branch:       run.Branch,
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
		Cloud:    run.Cloud,

		Sought:         run.Sought,
		GatesUnchecked: orEmpty(run.GatesUnchecked),
	}
	r.Audit.Problems = orEmpty(r.Audit.Problems)
	for _, m := range t.Models {
		line := lineOf(m)
		line.File = run.Files[line.NodeID]
		if reported := run.Adapter[line.NodeID]; reported != (Adapter{}) {
			line.Adapter = &reported
		}
		line.Cause = causeOf(t.Causes, line.NodeID)
		r.Models = append(r.Models, line)
	}
	for _, run := range t.Runs {
		r.Runs = append(r.Runs, RunOf(run))
	}
	r.Causes, r.Drift = rootCauses(t.Causes, run.Files), driftOf(t.Drift)
	r.Removed = orEmpty(slices.DeleteFunc(slices.Clone(t.Causes.Removed), withoutRows))
	rank(r.Models)
	for _, b := range Breaches(r.Models) {
		r.Gates = append(r.Gates, b.Gate)
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
		HistorySince:    utc(m.HistorySince),
		Unusual:         m.Unusual,
		Gates:           gatesOf(m.Breaches),
		GatesSet:        m.Node.Limits.Names(),
		GatesUnchecked:  m.Unchecked,
		Parents:         orEmpty(m.Parents),
		FanOut:          fanOutOf(m.FanOut),
		Columns:         columnsOf(m.Columns),
		Written:         writtenOf(m.Written),
		CountSource:     m.CountSource,
		Trend:           Trend{Points: m.Points, Expected: m.Expected, Gates: m.GateLines()},
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

func utc(at *time.Time) *time.Time {
	if at == nil {
		return nil
	}
	return new(at.UTC())
}

// orEmpty returns a list that JSON encodes as [] instead of null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
