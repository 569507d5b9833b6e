package app

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// makeReport asks the warehouse what the hooks wrote and what earlier runs found,
// joins it with what dbt said and makes the one report that every surface is
// rendered from.
func (s *story) makeReport(ctx context.Context, invocations []dbt.Invocation) report.Report {
	nodes := s.nodes(invocations)
	in := s.tallyInput(ctx, invocations, nodes)
	counted := tally.Compare(in)
	s.explainFirstBuilds(counted)

	about := report.Run{
		GeneratedAt:  s.Now(),
		TallyVersion: s.Version,
		Status:       report.Success,
		ExitCode:     cmp.Or(exitCode(invocations), s.ownExitCode(counted)),
		Requirements: s.installing,
		HeadSHA:      s.event.HeadSHA,
		Target: report.Target{
			Name: s.connection.Target, Type: s.connection.Type,
			Database: s.target().Database(), Schema: s.target().Schema(),
		},
		Audit:          report.Audit{Table: s.relation, Problems: s.problems},
		Failures:       s.failures(invocations, nodes),
		BaselineMaxAge: s.cfg.Baseline.MaxAge,
		GatesUnchecked: s.badGates,
		Files:          s.repositoryPaths(counted.Models),
	}
	about.Audit.Statements, about.Audit.Seconds = auditCost(invocations, in.Rows)
	for _, inv := range invocations {
		about.Invocations = append(about.Invocations, report.Invocation{
			ID: inv.ID, Command: s.redact.text(inv.Command.String()), DBTVersion: inv.DBTVersion,
			StartedAt: inv.StartedAt.UTC(), CompletedAt: inv.CompletedAt.UTC(), ExitCode: inv.ExitCode,
		})
		if status := invocationStatus(inv); status != report.Success {
			about.Status = status
		}
	}
	if len(invocations) == 0 {
		about.Status = report.Failed // auditing had to work and could not
	}
	return report.New(about, counted)
}

// ownExitCode is the exit status where dbt itself has nothing to complain about.
func (s *story) ownExitCode(t tally.Tally) int {
	breached := func(m tally.Model) bool {
		return slices.ContainsFunc(m.Breaches, func(b tally.Breach) bool { return b.Severity != tally.SeverityWarn })
	}
	switch {
	case len(s.badGates) > 0, slices.ContainsFunc(t.Models, breached):
		return ExitGateBreached
	case s.cfg.Audit.MustWork && s.auditFailed():
		return ExitAuditFailed
	default:
		return ExitOK
	}
}

func (s *story) tallyInput(ctx context.Context, invocations []dbt.Invocation, nodes []dbt.ManifestNode) tally.Input {
	in := tally.Input{
		RollsBack: warehouse.RollsBack(s.connection.Type) && !s.version.Rust,
		OwnHooks:  s.macros.OwnHooks,

		ProjectHooks: s.cfg.Hooks == config.Project,
		Limits:       s.cfg.Limits,
	}
	for _, inv := range invocations {
		in.Invocations = append(in.Invocations, inv.ID)
		for _, node := range inv.Nodes {
			in.Results = append(in.Results, tally.Result{
				Invocation: inv.ID, NodeID: node.NodeID, Status: node.Status,
				Message: s.redact.text(node.Message), Seconds: node.Seconds,
			})
		}
	}
	done := s.finished(ctx, invocations)
	in.Rows, in.History = done.Rows, done.History
	in.Unaudited = s.silent
	for _, node := range nodes {
		if node.Counted() {
			in.Nodes = append(in.Nodes, s.node(node))
		}
	}
	return in
}

// node is a node of the manifest in the domain's words. Gates that can't be read
// are said with the node's name and count as breached: nobody checks them.
func (s *story) node(node dbt.ManifestNode) tally.Node {
	limits, audit, err := tally.ParseMeta(node.Config.Meta["tally"], s.cfg.Limits)
	if err != nil {
		why := fmt.Sprintf("meta.tally of %s: %v", node.ID, err)
		s.problem(why)
		s.badGates = append(s.badGates, s.redact.text(why))
	}
	return tally.Node{
		ID: node.ID, Name: node.Name, ResourceType: node.ResourceType, Package: node.Package, Path: s.path(node),
		Relation: node.Relation, Materialized: node.Config.Materialized, OptedOut: !audit, Limits: limits,
	}
}

// path is a node's file relative to the project, also where it is a package's.
func (s *story) path(node dbt.ManifestNode) string {
	packages, err := filepath.Rel(s.project.Dir, s.project.PackagesPath)
	if node.Path == "" || node.Package == s.project.Name || err != nil {
		return node.Path
	}
	return path.Join(filepath.ToSlash(packages), node.Package, node.Path)
}

// explainFirstBuilds tells who followed the tutorial why their models fail.
func (s *story) explainFirstBuilds(t tally.Tally) {
	n := 0
	for _, m := range t.Models {
		if m.Reason == tally.FirstBuildHook {
			n++
		}
	}
	switch {
	case n == 1:
		s.problem("1 model failed on its first build: " + tally.FirstBuildHook + "; see docs/audit-table.md")
	case n > 1:
		s.problem(fmt.Sprintf("%d models failed on their first build: a hook that counts a table fails while the table is not there; see docs/audit-table.md", n))
	}
}

// nodes reads the manifest: the models, and whatever failed.
func (s *story) nodes(invocations []dbt.Invocation) []dbt.ManifestNode {
	var failed []string
	any := false
	for _, inv := range invocations {
		for _, node := range inv.Nodes {
			any = true
			if node.Failed() {
				failed = append(failed, node.NodeID)
			}
		}
	}
	if !any {
		return nil // dbt built nothing; what manifest there is may be of another day
	}
	nodes, err := s.cli.ReadManifest(failed)
	if err != nil {
		s.problem(err.Error() + "; models are shown by their IDs")
	}
	return nodes
}

// failures are the nodes that dbt counts as failed, and a dbt that could not run.
func (s *story) failures(invocations []dbt.Invocation, nodes []dbt.ManifestNode) []report.Failure {
	paths := make(map[string]string, len(nodes))
	for _, node := range nodes {
		paths[node.ID] = s.path(node)
	}
	var failures []report.Failure
	for _, inv := range invocations {
		if inv.Error != "" {
			failures = append(failures, report.Failure{Kind: "dbt", Message: s.redact.text(inv.Error)})
		}
		for _, node := range inv.Nodes {
			if node.Failed() {
				kind, _, _ := strings.Cut(node.NodeID, ".")
				path := paths[node.NodeID]
				failures = append(failures, report.Failure{
					NodeID: node.NodeID, Kind: kind, Path: path, File: s.repositoryPath(path),
					Message: s.redact.text(strings.TrimSpace(node.Message)),
				})
			}
		}
	}
	return failures
}

// auditCost sums the hooks' cost up. Where no log of one dbt is read the time is
// unknown, and the statements are told from the rows: one for each after row, and
// one for each before row that counted something.
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
