//go:build e2e

package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/emulate"
)

// duckDBProfile has the targets that the examples name.
const duckDBProfile = `shop:
  target: ci
  outputs:
    ci: &file {type: duckdb, path: shop.duckdb}
    prod: *file
`

// The actions that keep a file between two workflows are GitHub's own services. These
// stand-ins keep it in a volume of the job's container.
var artifacts = map[string]string{
	"actions/upload-artifact@v7": `inputs: {name: {}, path: {}}
runs:
  using: composite
  steps:
    - shell: bash
      run: mkdir -p "/artifacts/${{ inputs.name }}" && cp "${{ inputs.path }}" "/artifacts/${{ inputs.name }}" && chmod -R a+rwX /artifacts
`,
	"actions/download-artifact@v8": `inputs: {name: {}, path: {}, run-id: {}, github-token: {}}
runs:
  using: composite
  steps:
    - shell: bash
      run: cp -R "/artifacts/${{ inputs.name }}" "${{ inputs.path }}"
`,
}

// TestTheExamplesRunUnderARunner runs workflows of docs/examples as they are, on the example
// shop: the nightly one, started by hand, and the two for pull requests from forks.
func TestTheExamplesRunUnderARunner(t *testing.T) {
	root, shop, github := repositoryRoot(t), t.TempDir(), emulate.Start(t)
	workflows := filepath.Join(shop, ".github/workflows")
	run(t, "cp", "-R", filepath.Join(root, "examples/shop")+"/.", shop)
	run(t, "mkdir", "-p", workflows)
	run(t, "sh", "-c", `cp "$1"/docs/examples/*.yml "$2"`, "sh", root, workflows)
	write(t, filepath.Join(shop, "profiles.yml"), duckDBProfile)
	run(t, "sh", "-c", `cd "$1" && git init -q && git add -A && git -c user.name=u -c user.email=u commit -q -m shop`, "sh", shop)

	args := []string{"--container-options", "--volume " + t.TempDir() + ":/artifacts"}
	action := t.TempDir()
	released := strings.Replace(read(t, filepath.Join(root, "action.yml")), "image: Dockerfile", "image: docker://"+image, 1)
	write(t, filepath.Join(action, "action.yml"), released)
	args = append(args, "--local-repository", "dbt-tally/dbt-tally@main="+action)
	for name, text := range artifacts {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "action.yml"), "name: stand-in\ndescription: stand-in\n"+text)
		args = append(args, "--local-repository", name+"="+dir)
	}
	start := func(example, event string, payload map[string]any) job {
		t.Helper()
		return act(t, shop, github, event, payload, append(args, "--workflows", ".github/workflows/"+example)...)
	}

	nightly := start("schedule.yml", "workflow_dispatch", map[string]any{"inputs": map[string]any{}})
	if summary := nightly.summary("dbt-tally/dbt-tally@main"); !strings.Contains(summary, "`dim_customers`") {
		t.Errorf("the summary does not name the model dim_customers: %q", summary)
	}

	fork := map[string]any{"full_name": "mallory/shop", "id": 2}
	event := github.Event()
	event["pull_request"].(map[string]any)["head"].(map[string]any)["repo"] = fork
	start("fork-run.yml", "pull_request", event)
	start("fork-publish.yml", "workflow_run", map[string]any{
		"repository": event["repository"],
		"workflow_run": map[string]any{
			"id": 1, "run_attempt": 1, "event": "pull_request", "conclusion": "success", "pull_requests": []any{},
			"head_branch": emulate.HeadBranch, "head_sha": github.HeadSHA, "head_repository": event["repository"],
		},
	})
	comments := github.Comments(t)
	if len(comments) != 1 || !strings.Contains(comments[0], "`dim_customers`") {
		t.Errorf("comments %q; want one with the model dim_customers", comments)
	}
	if checks := github.Checks(t); len(checks) != 1 || !strings.HasPrefix(checks[0], "dbt-tally: success, ") {
		t.Errorf("check runs %q; want one without a breach", checks)
	}
	for _, issue := range github.Issues(t) {
		t.Errorf("the issue %q without a breach", issue)
	}
}
