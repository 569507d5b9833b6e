package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/dbt/fingerprint"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/profile"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/surface"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// readManifest reads the models, seeds and snapshots, and the nodes that failed. The problem
// is "" if the manifest could be read, or if there is nothing to look up in it.
func readManifest(cli dbt.CLI, invocations []dbt.Invocation) (nodes []dbt.ManifestNode, problem string) {
	if !ranNodes(invocations) {
		return nil, "" // the manifest may belong to an earlier invocation
	}
	return manifestNodes(cli, invocations)
}

// ranNodes reports whether dbt ran anything.
func ranNodes(invocations []dbt.Invocation) bool {
	return slices.ContainsFunc(invocations, func(inv dbt.Invocation) bool { return len(inv.Nodes) > 0 })
}

// manifestNodes is readManifest for a manifest that is known to be of these invocations.
func manifestNodes(cli dbt.CLI, invocations []dbt.Invocation) (nodes []dbt.ManifestNode, problem string) {
	var failed []string
	for _, inv := range invocations {
		for _, node := range inv.Nodes {
			if node.Failed() {
				failed = append(failed, node.NodeID)
			}
		}
	}
	nodes, err := cli.ReadManifest(failed)
	if err != nil {
		return nil, err.Error() + "; the report shows models by their IDs"
	}
	return nodes, ""
}

// gated reports whether any model has a gate.
func gated(limits tally.Limits, nodes []dbt.ManifestNode) bool {
	return limits.Any() || slices.ContainsFunc(nodes, func(node dbt.ManifestNode) bool {
		return node.Config.Meta["tally"] != nil
	})
}

// projectFile returns a node's file relative to the project, even if a package owns it.
func projectFile(project profile.Project, node dbt.ManifestNode) string {
	packages, err := filepath.Rel(project.Dir, project.PackagesPath)
	if node.Path == "" || node.Package == project.Name || err != nil {
		return node.Path
	}
	return path.Join(filepath.ToSlash(packages), node.Package, node.Path)
}

// repositoryFiles looks up the nodes' files in the repository, by their file relative
// to the project. Files outside of the repository are "".
func repositoryFiles(j job.Job, nodes []dbt.ManifestNode) map[string]string {
	files := make(map[string]string, len(nodes))
	for _, node := range nodes {
		file := projectFile(j.Project, node)
		if _, known := files[file]; file != "" && !known {
			files[file] = j.Checkout.RepositoryFile(filepath.Join(j.Project.Dir, filepath.FromSlash(file)))
		}
	}
	return files
}

// readCode reads the nodes of the manifest with their fingerprints. It returns none if no
// command built anything, because the manifest may then belong to an earlier invocation.
// The problem is "" if the manifest could be read. vars is nil if the values of the
// project's variables are unknown.
func readCode(
	vars fingerprint.Vars, cli dbt.CLI, invocations []dbt.Invocation,
) (nodes []tally.CodeNode, problem string) {
	if !ranNodes(invocations) {
		return nil, ""
	}
	return manifestCode(vars, cli)
}

// manifestCode is readCode for a manifest that is known to be of this run.
func manifestCode(vars fingerprint.Vars, cli dbt.CLI) (nodes []tally.CodeNode, problem string) {
	file, err := os.Open(filepath.Join(cli.TargetPath, "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "" // it was reported when the models were read
	} else if err != nil {
		return nil, fmt.Sprintf("cannot tell why models changed: %v", err)
	}
	defer file.Close()
	if nodes, err = codeOf(file, vars); err != nil {
		return nil, fmt.Sprintf("cannot tell why models changed: %v", err)
	}
	return nodes, ""
}

func codeOf(manifest io.Reader, vars fingerprint.Vars) (nodes []tally.CodeNode, err error) {
	read, err := fingerprint.Read(manifest, vars)
	for _, node := range read {
		nodes = append(nodes, tally.CodeNode(node))
	}
	return nodes, err
}

// codeIn reads the code in a manifest of another run. The values of the project's variables
// are unknown.
func codeIn(manifest io.Reader) ([]tally.CodeNode, error) { return codeOf(manifest, nil) }

// fingerprints returns the fingerprints of the nodes that have one, by node ID.
func fingerprints(nodes []tally.CodeNode) map[string]string {
	byNode := make(map[string]string, len(nodes))
	for _, node := range nodes {
		if node.Fingerprint != "" {
			byNode[node.ID] = node.Fingerprint
		}
	}
	return byNode
}

// built returns the relations of the nodes that dbt built, by node ID.
func built(invocations []dbt.Invocation, nodes []dbt.ManifestNode) map[string]string {
	succeeded := map[string]bool{}
	for _, inv := range invocations {
		for _, result := range inv.Nodes {
			succeeded[result.NodeID] = inv.Command.Builds() && result.Status == "success"
		}
	}
	relations := map[string]string{}
	for _, node := range nodes {
		if node.Counted() && node.Relation != "" && succeeded[node.ID] {
			relations[node.ID] = node.Relation
		}
	}
	return relations
}

// changedFiles returns the files that the pull request changes, relative to the project.
// It requests them only if the fingerprints do not suffice: those of the baseline are
// unknown, or some code reads variables whose values are. It returns nil if the files are
// unknown.
func changedFiles(
	ctx context.Context, from surface.Forge, s start, history tally.History, code []tally.CodeNode,
) []string {
	readsVars := func(node tally.CodeNode) bool { return node.ReadsVars }
	if len(history.Runs) == 0 || s.job.Event.PullRequest == 0 ||
		history.Fingerprints != nil && !slices.ContainsFunc(code, readsVars) {
		return nil
	}
	project := s.job.Checkout.RepositoryFile(s.job.Project.Dir)
	if project == "" {
		return nil
	}
	all, err := from.ChangedFiles(ctx)
	if err != nil {
		return nil // the report states that the files are unknown
	}
	files := make([]string, 0, len(all))
	for _, file := range all {
		if relative, inside := strings.CutPrefix(file, project+"/"); inside {
			files = append(files, relative)
		} else if project == "." {
			files = append(files, file)
		}
	}
	return files
}

// adapterFigures returns what the adapter reported of each node that dbt built, by node ID:
// in the last invocation that built it.
func adapterFigures(invocations []dbt.Invocation, redact func(string) string) map[string]report.Adapter {
	reported := map[string]report.Adapter{}
	for _, inv := range invocations {
		for _, node := range inv.Nodes {
			if !inv.Command.Builds() || node.Status == "skipped" {
				continue
			}
			made := report.Adapter(node.Adapter)
			for _, text := range []*string{&made.Code, &made.QueryID, &made.JobID, &made.ProjectID, &made.Location} {
				*text = redact(*text)
			}
			reported[node.NodeID] = made
		}
	}
	return reported
}
