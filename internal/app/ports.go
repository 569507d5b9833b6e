package app

import (
	"context"

	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// auditTable is the table the hooks write to.
type auditTable interface {
	// Prepare makes the table ready before dbt starts, and proves it.
	Prepare(ctx context.Context) (warehouse.Prepared, error)
	// Rows reads the rows of these invocations back.
	Rows(ctx context.Context, invocations []string) ([]tally.Row, error)
}

// pullRequests is where a report's comment goes.
type pullRequests interface {
	Comment(ctx context.Context, comment github.Comment) (github.Posted, error)
}
