package surface

import (
	"context"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
)

// Summary is the job summary.
type Summary struct {
	Write func(markdown string) error
	// Trend adds the history of the changed models, for a run without a pull request.
	Trend bool
}

// Name implements Surface.
func (Summary) Name() string { return "job summary" }

// Deliver implements Surface.
func (s Summary) Deliver(_ context.Context, r report.Report, links Links) (Links, error) {
	render := markdown.Summary
	if s.Trend {
		render = markdown.SummaryWithTrend
	}
	text, err := render(r)
	if err != nil {
		return links, err
	}
	return links, s.Write(text)
}
