// Package docs holds the URLs of the documentation pages that messages refer to.
package docs

const base = "https://github.com/dbt-tally/dbt-tally/blob/main/docs/"

// The pages. A test checks that they exist.
const (
	AuditTable      = base + "audit-table.md"
	DBTCloud        = base + "dbt-cloud.md"
	Gates           = base + "gates.md"
	GitLab          = base + "gitlab.md"
	HooksTutorial   = base + "hooks-tutorial.md" // hooks: project
	Image           = base + "image.md"          // other dbt versions and adapters
	Inputs          = base + "inputs.md"
	History         = base + "history.md"
	Permissions     = base + "permissions.md"
	Troubleshooting = base + "troubleshooting.md"
	Warehouses      = base + "warehouses.md"
)

// NewIssue is the page on which users report a defect of dbt-tally.
const NewIssue = "https://github.com/dbt-tally/dbt-tally/issues/new"
