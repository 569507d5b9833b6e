//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/emulate"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakedbtcloud"
)

// cloudWorkflow has no credentials of the warehouse. On a pull request it reports on the run
// that dbt Cloud started, on a schedule it starts one.
const cloudWorkflow = `on: [pull_request, schedule]
jobs:
  report:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v7
      - uses: ./
        id: report
        continue-on-error: true
        env:
          NODE_EXTRA_CA_CERTS: ${{ github.workspace }}/testdata/project/cloud.crt
        with:
          mode: cloud
          project-dir: testdata/project
          dbt-cloud-run: ${{ github.event_name == 'schedule' && 'trigger' || 'attach' }}
          dbt-cloud-host: HOST
          dbt-cloud-account: ACCOUNT
          dbt-cloud-job: JOB
          dbt-cloud-token: ${{ secrets.DBT_CLOUD_TOKEN }}
          max-drop: 10%
      - name: Check the outcome
        env:
          GOT: ${{ steps.report.outcome }} ${{ steps.report.outputs.status }} ${{ steps.report.outputs.gates-breached }}
        run: test "$GOT" = "${{ github.event_name == 'schedule' && 'success success 0' || 'failure success 2' }}"
`

// TestDBTCloudInAWorkflow runs the action with mode: cloud beside a fake dbt Cloud, whose
// runs are those of a real dbt on PostgreSQL.
func TestDBTCloudInAWorkflow(t *testing.T) {
	root := repositoryRoot(t)
	warehouse, github, checkout := newShop(t), emulate.Start(t), checkout(t, root)
	project := filepath.Join(checkout, "testdata/project")
	run(t, "docker", "run", "--rm", "--volume", project+":/workspace", "--workdir", "/workspace", image, "install")

	environ := []string{
		"PATH=" + filepath.Join(root, ".cache/dbt-1.11/bin") + ":" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"PGHOST=" + warehouse.host, "PGPORT=5432", "PGUSER=postgres", "PGPASSWORD=shop", "PGDATABASE=postgres",
		"DBT_TALLY_RELATION=dbt_audit.dbt_audit_log",
	}
	cloud := fakedbtcloud.NewAt(t, gateway(t), project, func() []string { return append([]string(nil), environ...) })
	cloud.Change(func(j *fakedbtcloud.Job) {
		j.Steps = []string{"dbt run-operation dbt_tally_start", "dbt build", "dbt run-operation dbt_tally_finish"}
	})
	run(t, "cp", cloud.CA(), filepath.Join(project, "cloud.crt"))
	workflow := strings.NewReplacer("HOST", cloud.URL(), "ACCOUNT", strconv.Itoa(fakedbtcloud.Account),
		"JOB", strconv.Itoa(fakedbtcloud.JobID)).Replace(cloudWorkflow)
	if err := os.WriteFile(filepath.Join(checkout, ".github/workflows/cloud.yml"), []byte(workflow), 0o644); err != nil {
		t.Fatal(err)
	}
	report := func(event string, payload map[string]any, token string) job {
		return act(t, checkout, github, event, payload, "--workflows", ".github/workflows/cloud.yml",
			"--secret", "DBT_CLOUD_TOKEN="+token, "--env", "GITHUB_REF_NAME=main")
	}
	log := report("schedule", map[string]any{"schedule": "17 3 * * *"}, fakedbtcloud.AdminToken)
	if summary := log.summary("./"); !strings.Contains(summary, "`orders`") || !strings.Contains(summary, "run 4711 in dbt Cloud") {
		t.Errorf("the summary of the triggered run is %q", summary)
	}
	fewer := "select id, customer, amount from {{ ref('raw_orders') }} where id < 3\n"
	if err := os.WriteFile(filepath.Join(project, "models/stg_orders.sql"), []byte(fewer), 0o644); err != nil {
		t.Fatal(err)
	}
	cloud.Webhook(int64(github.PullRequest), emulate.HeadBranch, github.HeadSHA)
	report("pull_request", github.Event(), fakedbtcloud.ReadOnlyToken)
	comments := github.Comments(t)
	want := "`orders` lost 33.3% of its rows against main (limit 10%) · [run 4712 in dbt Cloud](" + cloud.URL()
	if len(comments) != 1 || !strings.Contains(comments[0], want) {
		t.Errorf("comments %q; want one with %q", comments, want)
	}
	if lines := cloud.Runs(); len(lines) != 2 || !strings.Contains(lines[0], "cause acme/shop https://") {
		t.Errorf("runs %q", lines)
	}
	for _, line := range log {
		if strings.Contains(line.Msg+line.Content, fakedbtcloud.AdminToken) && line.Command != "add-mask" {
			t.Errorf("the log has the token: %+v", line)
		}
	}
}
