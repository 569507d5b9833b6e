package app

import (
	"path"
	"path/filepath"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/profile"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// readManifest reads the models, seeds and snapshots, and the nodes that failed. The problem
// is "" if the manifest could be read, or if there is nothing to look up in it.
func readManifest(cli dbt.CLI, invocations []dbt.Invocation) (nodes []dbt.ManifestNode, problem string) {
	var failed []string
	built := false
	for _, inv := range invocations {
		for _, node := range inv.Nodes {
			built = true
			if node.Failed() {
				failed = append(failed, node.NodeID)
			}
		}
	}
	if !built {
		return nil, "" // the manifest may belong to an earlier invocation
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
