package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// facts contains everything from which a report is built.
type facts struct {
	now         time.Time
	version     string // of dbt-tally
	job         job.Job
	program     program
	settings    audit.Settings
	prepared    audit.Prepared
	around      time.Duration // time that auditing took before and after dbt
	collected   audit.Collected
	invocations []dbt.Invocation
	nodes       []dbt.ManifestNode
	code        []tally.CodeNode
	cloud       *report.CloudRun  // the run of dbt Cloud; nil: dbt ran here
	missing     []string          // why it is unknown what was built
	changed     []string          // files of the pull request, relative to the project; nil: unknown
	files       map[string]string // file relative to the repository, by file relative to the project
}

// buildReport combines the facts into the report from which every surface is rendered.
// It does no I/O. It returns the problems that it found itself; the report contains them,
// too.
func buildReport(f facts) (made report.Report, problems []string) {
	in, unreadable := f.tallyInput()
	counted := tally.Compare(in)
	counted.Explain(tally.Code{
		Nodes: f.code, Baseline: f.collected.History.Fingerprints, ChangedFiles: f.changed,
		Columns: f.collected.Columns, BaselineColumns: f.collected.History.Columns,
	})
	problems = slices.Concat(unreadable, firstBuildProblems(counted), counted.CaptureProblems())
	unchecked := slices.Concat(unreadable, unprotected(counted))
	if len(counted.Models) == 0 && gated(f.job.Config.Limits, f.nodes) {
		unchecked = append(unchecked, f.missing...)
	}

	all := slices.Concat(f.prepared.Problems, f.collected.Problems, problems)
	auditFailed := f.auditFailed() && f.job.Config.Audit.Failure == config.Fail
	database, schema := f.settings.Location()
	connection := f.settings.Connection
	about := report.Input{
		GeneratedAt:    f.now,
		TallyVersion:   f.version,
		Status:         f.status(),
		ExitCode:       exitStatus(f.invocations, counted, len(unchecked) > 0, auditFailed || f.baselineFailed()),
		Sought:         f.sought(),
		Requirements:   f.program.installing,
		HeadSHA:        f.job.Event.HeadSHA,
		Branch:         f.job.Event.Branch(),
		Target:         report.Target{Name: connection.Target, Type: connection.Type, Database: database, Schema: schema},
		Audit:          report.Audit{Table: f.collected.Relation, Problems: all},
		Failures:       f.failures(),
		BaselineMaxAge: f.job.Config.Baseline.MaxAge,
		GatesUnchecked: unchecked,
		Files:          f.nodeFiles(),
		Adapter:        adapterFigures(f.invocations, f.job.Secrets.Redact),
		Cloud:          f.cloud,
	}
	about.Audit.Around = f.around.Seconds()
	about.Audit.Statements, about.Audit.Seconds = auditCost(f.invocations, in.Rows)
	for _, inv := range f.invocations {
		about.Invocations = append(about.Invocations, report.Invocation{
			ID: inv.ID, Command: dbt.Command(f.job.Secrets.Command(inv.Command)).String(), DBTVersion: inv.DBTVersion,
			StartedAt: inv.StartedAt.UTC(), CompletedAt: inv.CompletedAt.UTC(), ExitCode: inv.ExitCode,
		})
	}
	return report.New(about, counted), problems
}

// nodeFiles returns the nodes' files relative to the repository, by node ID.
func (f facts) nodeFiles() map[string]string {
	files := make(map[string]string, len(f.nodes))
	for _, node := range f.nodes {
		files[node.ID] = f.files[projectFile(f.job.Project, node)]
	}
	return files
}

// auditFailed reports whether auditing itself failed. Problems with a table that can be
// used are not a failure.
func (f facts) auditFailed() bool {
	return f.collected.Off != "" && len(f.prepared.Problems)+len(f.collected.Problems) > 0
}

// baselineFailed reports whether the user asked for a baseline that does not exist.
func (f facts) baselineFailed() bool {
	return f.collected.NotFound != "" && f.job.Config.Audit.Failure != config.Warn
}

// sought describes the search for a baseline if it found nothing, or returns nil if a
// baseline was found or none was wanted.
func (f facts) sought() *report.Sought {
	c := f.collected
	if !c.Sought.Wanted || c.NotFound != "" || len(c.History.Runs) > 0 || c.Off != "" {
		return nil
	}
	sought := &report.Sought{
		Branch: c.Sought.Branch, Target: c.Sought.Target, RunID: c.Sought.RunID, Table: c.Relation,
		Elsewhere: f.job.Event.BaseRef != "",
	}
	if f.cloud != nil {
		sought.Table = "dbt Cloud"
	}
	return sought
}

// unprotected lists why gates failed because they could not be checked, one line per
// reason.
func unprotected(t tally.Tally) []string {
	var reasons []string
	count := map[string]int{}
	for _, m := range t.Models {
		if !m.Unprotected {
			continue
		}
		if count[m.Unchecked] == 0 {
			reasons = append(reasons, m.Unchecked)
		}
		count[m.Unchecked]++
	}
	for i, reason := range reasons {
		models := "1 model"
		if n := count[reason]; n > 1 {
			models = fmt.Sprintf("%d models", n)
		}
		reasons[i] = fmt.Sprintf("the gates of %s could not be checked: %s", models, reason)
	}
	return reasons
}

// status returns the last outcome that is not a success. If there is no invocation, the
// run ended before dbt because auditing failed and audit-failure is fail.
func (f facts) status() report.Status {
	if len(f.invocations) == 0 {
		return report.Failed
	}
	status := report.Success
	for _, inv := range f.invocations {
		if outcome := report.Status(inv.Outcome()); outcome != report.Success {
			status = outcome
		}
	}
	return status
}

// tallyInput converts the facts to the types of package tally. It returns gates of a model
// that cannot be read as problems, because they are never checked and count as breached.
func (f facts) tallyInput() (in tally.Input, unreadable []string) {
	in = tally.Input{
		RollsBack:    warehouse.RollsBack(f.settings.Connection.Type) && !f.program.version.Rust,
		Words:        warehouse.Words(f.settings.Connection.Type),
		OwnHooks:     f.prepared.OwnHooks,
		ProjectHooks: f.job.Config.Hooks == config.Project,
		Limits:       f.job.Config.Limits,
		Rows:         f.collected.Rows,
		History:      f.collected.History,
		Unaudited:    f.collected.Off,
		Uncaptured:   f.prepared.Uncaptured,
		TurnedOff:    f.collected.Off != "" && !f.auditFailed(),
	}
	for _, inv := range f.invocations {
		in.Invocations = append(in.Invocations, inv.ID)
		if !inv.Command.Builds() {
			continue // compile and docs list models that they did not build
		}
		for _, node := range inv.Nodes {
			in.Results = append(in.Results, tally.Result{
				Invocation: inv.ID, NodeID: node.NodeID, Status: node.Status,
				Message: f.job.Secrets.Redact(node.Message), Seconds: node.Seconds,
			})
		}
	}
	for _, node := range f.nodes {
		if !node.Counted() {
			continue
		}
		meta, err := tally.ParseMeta(node.Config.Meta["tally"], f.metaOf(node))
		if err != nil {
			unreadable = append(unreadable, f.job.Secrets.Redact(fmt.Sprintf("meta.tally of %s: %v", node.ID, err)))
		}
		for _, name := range []*string{&meta.Capture.Changed, &meta.Capture.Created, &meta.Capture.Type} {
			*name = f.job.Secrets.Redact(*name)
		}
		if f.job.Config.Accept {
			meta.Limits.Severity = tally.SeverityWarn
		}
		in.Nodes = append(in.Nodes, tally.Node{
			ID: node.ID, Name: node.Title(), ResourceType: node.ResourceType, Package: node.Package,
			Path: projectFile(f.job.Project, node), Relation: node.Relation,
			Materialized: node.Config.Materialized, HardDeletes: node.HardDeletes(),
			OptedOut: !meta.Audit, Limits: meta.Limits, Capture: meta.Capture,
		})
	}
	return in, unreadable
}

// metaOf returns what is true of a node that has no meta.tally.
func (f facts) metaOf(node dbt.ManifestNode) tally.Meta {
	meta := tally.Meta{Limits: f.job.Config.Limits, Audit: true}
	if node.Config.Materialized == "table" || node.ResourceType == "seed" {
		meta.Capture.Changed = f.job.Config.ChangeColumn
	}
	return meta
}

// failures returns the nodes that dbt counts as failed, and a dbt that could not run.
func (f facts) failures() []report.Failure {
	paths := make(map[string]string, len(f.nodes))
	for _, node := range f.nodes {
		paths[node.ID] = projectFile(f.job.Project, node)
	}
	var failures []report.Failure
	for _, inv := range f.invocations {
		if inv.Error != "" {
			failures = append(failures, report.Failure{Kind: "dbt", Message: f.job.Secrets.Redact(inv.Error)})
		}
		for _, node := range inv.Nodes {
			if !node.Failed() {
				continue
			}
			kind, _, _ := strings.Cut(node.NodeID, ".")
			path := paths[node.NodeID]
			failures = append(failures, report.Failure{
				NodeID: node.NodeID, Kind: kind, Path: path, File: f.files[path],
				Message: f.job.Secrets.Redact(strings.TrimSpace(node.Message)),
			})
		}
	}
	return failures
}

// firstBuildProblems explains to followers of the tutorial why their models fail.
func firstBuildProblems(t tally.Tally) []string {
	n := 0
	for _, m := range t.Models {
		if m.Reason == tally.FirstBuildHook {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return []string{"1 model failed on its first build: " + tally.FirstBuildHook + "; see " + docs.HooksTutorial}
	default:
		return []string{fmt.Sprintf("%d models failed on their first build: "+
			"a hook that counts a table fails if the table does not exist; see %s", n, docs.HooksTutorial)}
	}
}

// auditCost sums up the hooks' cost. If the log of a dbt was not read, the time is
// unknown and the statements are derived from the rows: one for each after row, and
// one for each before row with a count.
func auditCost(invocations []dbt.Invocation, rows []tally.Row) (statements int, seconds *float64) {
	var sum float64
	for _, inv := range invocations {
		if !inv.Audit.Known {
			for _, row := range rows {
				if row.NodeID != "" && (row.Phase == tally.After || row.Count != nil) {
					statements++
				}
			}
			return statements, nil
		}
		sum += inv.Audit.Seconds
	}
	for _, inv := range invocations {
		statements += inv.Audit.Statements
	}
	return statements, &sum
}
