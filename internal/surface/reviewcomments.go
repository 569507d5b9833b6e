package surface

import (
	"context"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
)

// ReviewComments are comments about breaches and failed models at their files in the diff.
type ReviewComments struct {
	Forge interface {
		Review(ctx context.Context, review forge.Review) error
	}
	PullRequest *pullRequest
	Run         run
}

// Name implements Surface.
func (ReviewComments) Name() string { return "review comments" }

// Deliver implements Surface.
func (c ReviewComments) Deliver(ctx context.Context, r report.Report, links Links) (Links, error) {
	number, err := c.PullRequest.get(ctx)
	if err != nil {
		return links, err
	}
	if c.PullRequest.unreachable {
		return links, errReported
	}
	review := forge.Review{
		PullRequest: number, Commit: c.Run.Commit, Key: c.Run.Key, RunID: c.Run.ID, RunAttempt: c.Run.Attempt,
	}
	for _, remark := range markdown.Remarks(r) {
		review.Remarks = append(review.Remarks, forge.Remark{Path: remark.File, Text: remark.Text})
	}
	return links, c.Forge.Review(ctx, review)
}
