package app

import (
	"context"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// auditTable is the table the hooks write to.
type auditTable interface {
	// Prepare makes the table ready before dbt starts, and proves it.
	Prepare(ctx context.Context) (warehouse.Prepared, error)
	// Finish records the invocations, reads their rows back and finds the history.
	Finish(ctx context.Context, f warehouse.Finish) (warehouse.Finished, error)
	// Prune deletes old rows.
	Prune(ctx context.Context, olderThan time.Time, dryRun bool, progress func(deleted int64)) (log, runs int64, err error)
}

// pullRequests is where a report's comment and review comments go.
type pullRequests interface {
	Comment(ctx context.Context, comment github.Comment) (github.Posted, error)
	Review(ctx context.Context, review github.Review) error
	OpenPullRequest(ctx context.Context, head github.Head) (number int, ok bool, err error)
}

// checks is where the verdict of the gates goes.
type checks interface {
	Check(ctx context.Context, check github.Check) (github.Posted, error)
}

// issues is where breaches go that no pull request is about.
type issues interface {
	Issue(ctx context.Context, issue github.Issue) (github.Posted, error)
}
