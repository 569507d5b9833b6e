package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/surface"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// publish posts the report of a run that has no write access, because GitHub gives a run of
// a pull request from a fork or from Dependabot a read-only token. The workflow_run event
// names that run, its commit and its pull request. The author of that pull request can
// write the report file, so the file has no influence on where it is posted. A file that
// cannot be used does not fail the workflow.
func (c Command) publish(ctx context.Context, cfg config.Config, con console) int {
	event, err := con.system.event()
	if err == nil && event.Upstream == nil {
		err = fmt.Errorf("mode \"publish\": cannot publish for the event %q; use on: workflow_run; see %s",
			event.Name, docs.Permissions)
	}
	if err != nil {
		return con.refuse(err)
	}
	con.secrets.Keep(cfg.Tokens()...)
	skipped := con.skipped(event)
	made, err := readPublished(workspace.Absolute(c.Dir, cfg.ReportDir), cfg.ReportDir, *event.Upstream)
	if err != nil {
		skipped(surface.Skipped{Surface: "publish", Err: err})
	}
	var links surface.Links
	if err == nil {
		links = surface.Deliver(ctx, surface.Forge{
			Vendor: con.system.vendor, HTTP: c.HTTP, Event: onBehalf(event), Token: con.system.token(cfg), Key: cfg.CommentKey,
			Comment: cfg.Comment, ReviewComments: cfg.ReviewComments, Check: cfg.Check, Published: true,
			ReportURL: cfg.ReportURL,
		}.Surfaces(), made, skipped)
	}
	if err := con.system.output("comment-url", links.Comment); err != nil {
		skipped(surface.Skipped{Surface: "output comment-url", Err: err})
	}
	return ExitOK
}

// onBehalf returns the event with the identity of the upstream run: its marker, its commit
// and its page.
func onBehalf(event ci.Event) ci.Event {
	run := event.Upstream
	event.RunID, event.RunAttempt, event.RunURL = run.RunID, run.RunAttempt, run.RunURL
	event.HeadSHA = run.HeadSHA
	return event
}

// readPublished reads the report of that run's commit. It does not follow a symbolic
// link out of the directory. The messages show the directory as the user named it.
func readPublished(dir, named string, run ci.Upstream) (report.Report, error) {
	if run.Event != "pull_request" {
		return report.Report{}, fmt.Errorf("%w: the run %s was started by the event %q",
			surface.ErrNoPullRequest, run.RunURL, run.Event)
	}
	file, err := os.OpenInRoot(dir, "report.json")
	if errors.Is(err, fs.ErrNotExist) {
		return report.Report{}, fmt.Errorf("no report.json in %q (the run %s ended with %q); "+
			"download that run's artifact there; see %s", named, run.RunURL, run.Conclusion, docs.Permissions)
	}
	if err != nil {
		return report.Report{}, err
	}
	defer file.Close()
	made, err := report.Read(file)
	if err != nil {
		return report.Report{}, fmt.Errorf("cannot use report.json in %q: %w", named, err)
	}
	if made.HeadSHA != run.HeadSHA {
		return report.Report{}, fmt.Errorf("report.json in %q is about the commit %.40q; "+
			"expected %s, the commit of the run %s", named, made.HeadSHA, run.HeadSHA, run.RunURL)
	}
	return made, nil
}
