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
func (r *story) makeReport(ctx context.Context, invocations []dbt.Invocation) report.Report {
	nodes := r.nodes(invocations)
	in := r.tallyInput(ctx, invocations, nodes)
	counted := tally.Compare(in)
	r.explainFirstBuilds(counted)

	about := report.Run{
		GeneratedAt:  r.Now(),
		TallyVersion: r.Version,
		Status:       report.Success,
		ExitCode:     cmp.Or(exitCode(invocations), r.ownExitCode(counted)),
		Target: report.Target{
			Name: r.connection.Target, Type: r.connection.Type,
			Database: r.target().Database(), Schema: r.target().Schema(),
		},
		Audit:          report.Audit{Table: r.relation, Problems: r.problems},
		Failures:       r.failures(invocations, nodes),
		BaselineMaxAge: r.cfg.Baseline.MaxAge,
	}
	about.Audit.Statements, about.Audit.Seconds = auditCost(invocations, in.Rows)
	for _, inv := range invocations {
		about.Invocations = append(about.Invocations, report.Invocation{
			ID: inv.ID, Command: r.redact.text(inv.Command.String()), DBTVersion: inv.DBTVersion,
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
func (r *story) ownExitCode(t tally.Tally) int {
	breached := func(m tally.Model) bool {
		return slices.ContainsFunc(m.Breaches, func(b tally.Breach) bool { return b.Severity != tally.SeverityWarn })
	}
	switch {
	case r.badGates, slices.ContainsFunc(t.Models, breached):
		return ExitGateBreached
	case r.cfg.Audit.MustWork && r.auditFailed():
		return ExitAuditFailed
	default:
		return ExitOK
	}
}

func (r *story) tallyInput(ctx context.Context, invocations []dbt.Invocation, nodes []dbt.ManifestNode) tally.Input {
	in := tally.Input{
		RollsBack: warehouse.RollsBack(r.connection.Type) && !r.version.Rust,
		OwnHooks:  r.macros.OwnHooks,

		ProjectHooks: r.cfg.Hooks == config.Project,
		Limits:       r.cfg.Limits,
	}
	for _, inv := range invocations {
		in.Invocations = append(in.Invocations, inv.ID)
		for _, node := range inv.Nodes {
			in.Results = append(in.Results, tally.Result{
				Invocation: inv.ID, NodeID: node.NodeID, Status: node.Status,
				Message: r.redact.text(node.Message), Seconds: node.Seconds,
			})
		}
	}
	done := r.finished(ctx, invocations)
	in.Rows, in.History = done.Rows, done.History
	in.Unaudited = r.silent
	for _, node := range nodes {
		if node.Counted() {
			in.Nodes = append(in.Nodes, r.node(node))
		}
	}
	return in
}

// node is a node of the manifest in the domain's words. Gates that can't be read
// are said with the node's name and count as breached: nobody checks them.
func (r *story) node(node dbt.ManifestNode) tally.Node {
	limits, audit, err := tally.ParseMeta(node.Config.Meta["tally"], r.cfg.Limits)
	if err != nil {
		r.problem(fmt.Sprintf("meta.tally of %s: %v", node.ID, err))
		r.badGates = true
	}
	return tally.Node{
		ID: node.ID, Name: node.Name, ResourceType: node.ResourceType, Package: node.Package, Path: r.path(node),
		Relation: node.Relation, Materialized: node.Config.Materialized, OptedOut: !audit, Limits: limits,
	}
}

// path is a node's file relative to the project, also where it is a package's.
func (r *story) path(node dbt.ManifestNode) string {
	packages, err := filepath.Rel(r.project.Dir, r.project.PackagesPath)
	if node.Path == "" || node.Package == r.project.Name || err != nil {
		return node.Path
	}
	return path.Join(filepath.ToSlash(packages), node.Package, node.Path)
}

// explainFirstBuilds tells who followed the tutorial why their models fail.
func (r *story) explainFirstBuilds(t tally.Tally) {
	n := 0
	for _, m := range t.Models {
		if m.Reason == tally.FirstBuildHook {
			n++
		}
	}
	switch {
	case n == 1:
		r.problem("1 model failed on its first build: " + tally.FirstBuildHook + "; see docs/audit-table.md")
	case n > 1:
		r.problem(fmt.Sprintf("%d models failed on their first build: a hook that counts a table fails while the table is not there; see docs/audit-table.md", n))
	}
}

// nodes reads the manifest: the models, and whatever failed.
func (r *story) nodes(invocations []dbt.Invocation) []dbt.ManifestNode {
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
	nodes, err := r.cli.ReadManifest(failed)
	if err != nil {
		r.problem(err.Error() + "; models are shown by their IDs")
	}
	return nodes
}

// failures are the nodes that dbt counts as failed, and a dbt that could not run.
func (r *story) failures(invocations []dbt.Invocation, nodes []dbt.ManifestNode) []report.Failure {
	paths := make(map[string]string, len(nodes))
	for _, node := range nodes {
		paths[node.ID] = r.path(node)
	}
	var failures []report.Failure
	for _, inv := range invocations {
		if inv.Error != "" {
			failures = append(failures, report.Failure{Kind: "dbt", Message: r.redact.text(inv.Error)})
		}
		for _, node := range inv.Nodes {
			if node.Failed() {
				kind, _, _ := strings.Cut(node.NodeID, ".")
				failures = append(failures, report.Failure{
					NodeID: node.NodeID, Kind: kind, Path: paths[node.NodeID], Message: r.redact.text(strings.TrimSpace(node.Message)),
				})
			}
		}
	}
	return failures
}

// auditCost sums the hooks' cost up. Where one dbt keeps no event log the time is
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
