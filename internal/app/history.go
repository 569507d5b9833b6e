package app

import (
	"cmp"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// finish is all that is asked of the warehouse once dbt has ended: record these
// runs, read their rows, find what to compare them with.
func (s *story) finish(invocations []dbt.Invocation) warehouse.Finish {
	f := warehouse.Finish{History: s.historyQuery(invocations)}
	for _, inv := range invocations {
		if inv.ID == "" {
			continue
		}
		f.Invocations = append(f.Invocations, inv.ID)
		if s.cfg.Mode == config.Run {
			f.Runs = append(f.Runs, s.record(inv))
		}
	}
	return f
}

// record is what the run table keeps of an invocation.
func (s *story) record(inv dbt.Invocation) tally.Run {
	return tally.Run{
		ID: inv.ID, StartedAt: inv.StartedAt, CompletedAt: inv.CompletedAt,
		Status: string(invocationStatus(inv)), ExitCode: inv.ExitCode, Command: s.redact.text(inv.Command.String()),
		Target: s.connection.Target, Repository: s.event.Repository, Branch: s.branch(), Commit: s.event.HeadSHA,
		Event: s.event.Name, PullRequest: s.event.PullRequest, Workflow: s.event.Workflow, Job: s.event.Job,
		URL: s.event.RunURL, DBTVersion: inv.DBTVersion, Version: s.Version,
	}
}

// branch is what this run builds. A fork's main is not our main: its counts must
// never become the baseline of anybody else's pull request.
func (s *story) branch() string {
	if s.event.Fork {
		return "fork:" + s.event.HeadRef
	}
	return s.event.HeadRef
}

func invocationStatus(inv dbt.Invocation) report.Status {
	switch {
	case inv.Interrupted:
		return report.Incomplete
	case inv.ExitCode != 0:
		return report.Failed
	default:
		return report.Success
	}
}

// historyQuery says which earlier runs this one is compared with: under auto the
// base branch's where the job has one (a pull request, a merge group), else the
// same branch's, and away from GitHub any of the same target.
func (s *story) historyQuery(invocations []dbt.Invocation) warehouse.HistoryQuery {
	wanted := s.cfg.Baseline
	if wanted.Off || len(invocations) == 0 {
		return warehouse.HistoryQuery{}
	}
	query := warehouse.HistoryQuery{
		Wanted: true, RunID: wanted.RunID, Branch: wanted.Branch, Target: cmp.Or(wanted.Target, s.connection.Target),
		Before: s.since(invocations[0]), Database: wanted.Database, Schema: wanted.Schema,
	}
	if query.RunID == "" && query.Branch == "" {
		query.Branch = cmp.Or(s.event.BaseRef, s.branch())
	}
	return query
}

// since is when the invocation began; of one that only its ID is known of, what
// was there until now is earlier.
func (s *story) since(inv dbt.Invocation) time.Time {
	if inv.StartedAt.IsZero() {
		return s.Now()
	}
	return inv.StartedAt
}
