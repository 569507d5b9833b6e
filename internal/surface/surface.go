// Package surface delivers a report to everything that shows it: report files, terminal,
// annotations, job summary, comment, review comments, check run, issue and outputs. Each is
// one type. It leaves the contents of the report to package report.
package surface

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

// Surface is one thing that shows a report, for example the comment.
type Surface interface {
	// Name returns its name in messages.
	Name() string
	// Deliver brings the surface up to date. It returns the links with its own added.
	Deliver(ctx context.Context, r report.Report, links Links) (Links, error)
}

// Links are the addresses of the report on earlier surfaces, for later surfaces to show. A
// link is "" if there is none.
type Links struct {
	ReportJSON string // path of report.json
	ReportHTML string // path of report.html
	Comment    string // URL of the pull request's comment
}

// The reasons why a surface is skipped.
var (
	ErrNoPullRequest  = errors.New("no pull request")
	errNoMergeRequest = errors.New("no merge request")
	errNoCommit       = errors.New("the event does not contain the commit that it is about")
	errNoChecks       = errors.New("GitLab has no check runs; the job passes or fails as the gates do")

	// errReported is returned by a surface whose reason was reported for an earlier one.
	errReported = errors.New("already reported")
)

// Deliver writes the report to every surface, in order. It reports a surface that fails and
// continues with the next one. It also continues if a surface does not answer, because each
// may use only half of the remaining time.
func Deliver(ctx context.Context, surfaces []Surface, r report.Report, skipped func(Skipped)) Links {
	var links Links
	for _, s := range surfaces {
		added, err := deliver(ctx, s, r, links)
		links = added
		if err != nil && !errors.Is(err, errReported) {
			skipped(Skipped{Surface: s.Name(), Err: err})
		}
	}
	return links
}

// deliver writes the report to one surface. A panic becomes an error of this surface.
func deliver(ctx context.Context, s Surface, r report.Report, links Links) (added Links, err error) {
	defer func() {
		if defect := recover(); defect != nil {
			added, err = links, fmt.Errorf("a defect of dbt-tally: %v; report it at %s", defect, docs.NewIssue)
		}
	}()
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/2)
		defer cancel()
	}
	return s.Deliver(ctx, r, links)
}

// Skipped is a surface that the report did not reach.
type Skipped struct {
	Surface string
	Err     error
}

// fated are conditions that the user cannot fix.
var fated = []error{ErrNoPullRequest, errNoMergeRequest, errNoCommit, errNoChecks, errForeignPipeline}

// Reporter returns a function that describes skipped surfaces of one job: the level
// and the text, or ok = false if there is nothing to report. Conditions that the user
// cannot fix are notices, among them that a foreign pull request has no token that may
// write, which is mentioned once.
func Reporter(event ci.Event, vendor Vendor) func(Skipped) (level ci.Level, text string, ok bool) {
	mentioned := false
	return func(s Skipped) (ci.Level, string, bool) {
		level, why := ci.Warning, s.Err
		switch {
		case errors.Is(why, forge.ErrPermission) && (event.Fork || event.Dependabot):
			if mentioned {
				return "", "", false
			}
			mentioned = true
			level, why = ci.Notice, vendor.foreign
		case slices.ContainsFunc(fated, func(err error) bool { return errors.Is(why, err) }):
			level = ci.Notice
		}
		return level, fmt.Sprintf("skip %s: %v", s.Surface, why), true
	}
}
