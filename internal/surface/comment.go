package surface

import (
	"context"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

// Comment is the comment on the pull request.
type Comment struct {
	Forge interface {
		Comment(ctx context.Context, comment forge.Comment) (forge.Posted, error)
	}
	PullRequest *pullRequest
	Run         run
	When        config.When
	Text        func(report.Report) (string, error)
	OnlyNewer   bool // do not change the comment of this run either
}

// Name implements Surface.
func (Comment) Name() string { return "comment" }

// Deliver implements Surface. It links the comment.
func (c Comment) Deliver(ctx context.Context, r report.Report, links Links) (Links, error) {
	number, err := c.PullRequest.get(ctx)
	if err != nil {
		return links, err
	}
	body, err := c.Text(r)
	if err != nil {
		return links, err
	}
	posted, err := c.Forge.Comment(ctx, forge.Comment{
		PullRequest: number, Key: c.Run.Key, RunID: c.Run.ID, RunAttempt: c.Run.Attempt, Body: body,
		OnlyUpdate: !deserves(c.When, r),
		OnlyNewer:  c.OnlyNewer,
	})
	c.PullRequest.unreachable = forge.General(err)
	links.Comment = posted.URL
	return links, err
}
