package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// Collected contains the warehouse's data after dbt has ended.
type Collected struct {
	Relation string      // the audit table, quoted for SQL; "" if nothing was audited
	Off      string      // the reason why no audit rows could be written; "" if they could
	Rows     []tally.Row // the audit rows of the invocations
	History  tally.History
	Columns  map[string][]tally.Column // of the relations that dbt built, by node ID, as far as they are known
	Sought   warehouse.HistoryQuery    // the query for the earlier runs
	Problems []string                  // only those of Collect; without secrets
	NotFound string                    // the problem if the requested baseline does not exist; also in Problems

	unrecorded warehouse.CollectRequest // what Record will record
}

// Nodes is the data about the project's nodes that Collect needs, by node ID.
type Nodes struct {
	Fingerprints map[string]string
	Relations    map[string]string // of the nodes that dbt built, as the adapter quotes them
	Gated        bool              // a node has a gate
}

// Collect reads the audit rows of the invocations and the columns of the relations that
// they built, and finds the runs to compare with. It records the invocations and, with the
// last one, the nodes. If gates decide whether the run may become a baseline, it leaves the
// recording to Record.
func (p *Prepared) Collect(ctx context.Context, invocations []dbt.Invocation, nodes Nodes) Collected {
	c := Collected{Relation: p.Relation, Off: p.Off}
	request := p.settings.collectRequest(invocations)
	if len(request.Runs) > 0 {
		last := request.Runs[len(request.Runs)-1]
		request.Code = warehouse.Code{RunID: last.ID, Fingerprints: nodes.Fingerprints}
	}
	if p.store == nil {
		return c
	}
	if c.Problems = p.nameless(invocations); len(request.Invocations) == 0 {
		return c
	}
	request.Relations = nodes.Relations
	if nodes.Gated {
		c.unrecorded = warehouse.CollectRequest{Runs: request.Runs, Code: request.Code, Relations: request.Relations}
		request.Runs, request.Code = nil, warehouse.Code{}
	}
	c.Sought = request.History
	done, err := p.store.Collect(ctx, request)
	if p.canFallBack(err) {
		if err = p.fallBack(ctx); err == nil {
			done, err = p.store.Collect(ctx, request)
		}
	}
	c.Relation = cmp.Or(done.Relation, p.Relation)
	c.Rows, c.History, c.Columns = done.Rows, done.History, done.Columns
	c.unrecorded.Code.Columns = done.Columns
	problems := done.Problems
	if done.NotFound != nil {
		c.NotFound = done.NotFound.Error()
		problems = append(problems, c.NotFound)
	}
	if err != nil {
		c.Off = didNotWork
		problems = append(problems, "the audit rows could not be read: "+err.Error())
	}
	for _, problem := range problems {
		c.Problems = append(c.Problems, p.settings.Job.Secrets.Redact(problem))
	}
	return c
}

// nameless returns a problem for each invocation that ended early and whose ID is unknown,
// so that its audit rows cannot be found.
func (p *Prepared) nameless(invocations []dbt.Invocation) (problems []string) {
	for _, inv := range invocations {
		if inv.Nameless && inv.Command.Builds() {
			problems = append(problems, fmt.Sprintf("the audit rows of dbt %s cannot be found: dbt ended before it wrote "+
				"run_results.json, and its log does not contain its invocation_id; use the log format debug or json; "+
				"see %s", inv.Command.Name(), docs.Troubleshooting))
		}
	}
	return problems
}

// Record records the invocations that Collect left out. breached means that a gate of
// severity error was breached; later runs do not use such a run as a baseline.
func (p *Prepared) Record(ctx context.Context, c Collected, breached bool) (problems []string) {
	if p.store == nil || len(c.unrecorded.Runs) == 0 {
		return nil
	}
	for i, run := range c.unrecorded.Runs {
		if breached && run.Status == string(dbt.Success) {
			c.unrecorded.Runs[i].Status = "breached"
		}
	}
	done, err := p.store.Collect(ctx, c.unrecorded)
	problems = done.Problems
	if err != nil {
		problems = append(problems, "this run could not be recorded: "+err.Error())
	}
	for i, problem := range problems {
		problems[i] = p.settings.Job.Secrets.Redact(problem)
	}
	return problems
}

// collectRequest returns the request to the warehouse after dbt has ended.
func (s Settings) collectRequest(invocations []dbt.Invocation) warehouse.CollectRequest {
	var f warehouse.CollectRequest
	if len(invocations) > 0 {
		f.History = s.historyQuery(s.startOf(invocations[0]))
	}
	for _, inv := range invocations {
		if inv.ID == "" {
			continue
		}
		f.Invocations = append(f.Invocations, inv.ID)
		if s.Job.Config.Command == config.DBT || s.Job.Config.Command == config.Cloud {
			f.Runs = append(f.Runs, s.record(inv))
		}
	}
	return f
}

// record returns the row of the run table for an invocation.
func (s Settings) record(inv dbt.Invocation) tally.Run {
	event, command := s.Job.Event, dbt.Command(s.Job.Secrets.Command(inv.Command))
	return tally.Run{
		ID: inv.ID, StartedAt: inv.StartedAt, CompletedAt: inv.CompletedAt,
		Status: string(inv.Outcome()), ExitCode: inv.ExitCode, Command: command.String(),
		Target: s.Connection.Target, Repository: event.Repository, Branch: event.Branch(), Commit: event.HeadSHA,
		Event: event.Name, PullRequest: event.PullRequest, Workflow: event.Workflow, Job: event.Job,
		URL: event.RunURL, DBTVersion: inv.DBTVersion, Version: s.Program, AcceptedBy: s.acceptedBy(),
	}
}

// acceptedBy returns the person who accepts counts that breach gates, or "" if nothing is
// accepted.
func (s Settings) acceptedBy() string {
	if !s.Job.Config.Accept {
		return ""
	}
	return cmp.Or(s.Job.Event.Actor, "unknown")
}

// notForOthers are the events whose runs are not a baseline under auto, because their counts
// are those of an unmerged change.
var notForOthers = []string{"pull_request", "pull_request_target", "merge_request_event"}

// historyQuery selects the runs before a time to compare with. Under auto these are the base
// branch's runs if the job has a base branch (a pull request, a merge group), otherwise
// those of the same branch. Without any branch they are those of the target.
func (s Settings) historyQuery(before time.Time) warehouse.HistoryQuery {
	wanted := s.Job.Config.Baseline
	if wanted.Off {
		return warehouse.HistoryQuery{}
	}
	query := warehouse.HistoryQuery{
		Wanted: true, RunID: wanted.RunID, Branch: wanted.Branch, Target: cmp.Or(wanted.Target, s.Connection.Target),
		Before:   before,
		Database: wanted.Table.Database, Schema: wanted.Table.Schema, Name: wanted.Table.Name,
		Named: wanted.Branch != "",
	}
	if query.RunID == "" && query.Branch == "" {
		query.Branch = cmp.Or(s.Job.Event.BaseRef, s.Job.Event.Branch())
		query.ExcludeEvents = notForOthers
	}
	return query
}

// needsBaseline reports whether dbt must not run without the baseline that the user named.
// A branch's own first run is what later runs are compared with.
func (s Settings) needsBaseline() bool {
	branch := s.Job.Config.Baseline.Branch // "" if the user named a run
	return s.Job.Config.Audit.Failure != config.Warn && (branch == "" || branch != s.Job.Event.Branch())
}

// startOf returns the time at which the invocation began. If only its ID is known, every run
// until now counts as earlier.
func (s Settings) startOf(inv dbt.Invocation) time.Time {
	if inv.StartedAt.IsZero() {
		return s.Now()
	}
	return inv.StartedAt
}

// History reads the counts of recorded runs. Unless the query names a branch, it leaves
// out the runs of pull requests, whose counts are those of unmerged changes.
func (p *Prepared) History(ctx context.Context, q warehouse.TrendQuery) (warehouse.Trend, error) {
	if q.Branch == "" {
		q.ExcludeEvents = notForOthers
	}
	found, err := p.store.History(ctx, q)
	if p.canFallBack(err) {
		first := err
		if err = p.fallBack(ctx); err == nil {
			found, err = p.store.History(ctx, q)
		}
		if errors.Is(err, warehouse.ErrNoTable) {
			err = first // it names the place where the user expects the table
		}
	}
	return found, err
}

// Pruned counts the rows that Prune deleted or, in a dry run, would delete.
type Pruned struct{ AuditRows, Runs int64 }

// Prune deletes audit rows that are older than the time, or counts them in a dry run, and
// reports its progress. After an error it returns the counts of the rows that it has deleted.
func (p *Prepared) Prune(ctx context.Context, olderThan time.Time, progress func(deleted int64)) (Pruned, error) {
	var pruned Pruned
	var err error
	dryRun := p.settings.Job.Config.DryRun
	pruned.AuditRows, pruned.Runs, err = p.store.Prune(ctx, olderThan, dryRun, progress)
	if p.canFallBack(err) {
		if err = p.fallBack(ctx); err == nil {
			pruned.AuditRows, pruned.Runs, err = p.store.Prune(ctx, olderThan, dryRun, progress)
		}
	}
	return pruned, err
}
