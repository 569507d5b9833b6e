package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/dbt-tally/dbt-tally/internal/forge/github"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/runner"
)

// publish posts the report of a run that could not: GitHub gives a run of a fork's
// pull request, or of Dependabot's, a token that may only read. That run is known
// from the workflow_run event, and so are its commit and its pull request. The
// report's file was written by whoever opened that pull request; it has no say in
// where it goes, and a file that can't be used fails nobody's workflow.
func (s *story) publish(ctx context.Context) int {
	event, err := s.actions.Event()
	if err == nil && event.Upstream == nil {
		err = fmt.Errorf("mode \"publish\": event %q; want on: workflow_run, whose workflow is the repository's own; see docs/permissions.md", event.Name)
	}
	if err != nil {
		return s.refuse(s.actions, err)
	}
	s.actions.Mask([]string{s.cfg.GitHubToken})
	s.redact = newRedactor([]string{s.cfg.GitHubToken})
	s.speakFor(event)
	url, err := s.publishReport(ctx, *event.Upstream)
	if err != nil {
		s.skip("publish", err)
	}
	if err := s.actions.Output("comment-url", url); err != nil {
		s.skip("output comment-url", err)
	}
	return ExitOK
}

// speakFor makes what is posted that run's: its marker, its commit, its page.
func (s *story) speakFor(event runner.Event) {
	run := event.Upstream
	event.RunID, event.RunAttempt, event.RunURL, event.HeadSHA = run.RunID, run.RunAttempt, run.RunURL, run.HeadSHA
	s.event = event
}

func (s *story) publishReport(ctx context.Context, run runner.Upstream) (url string, err error) {
	if run.Event != "pull_request" {
		return "", fmt.Errorf("%w: the run %s is of the event %q", errNoPullRequest, run.RunURL, run.Event)
	}
	made, err := s.readReport(run)
	if err != nil {
		return "", err
	}
	client, err := s.forge()
	if err != nil {
		return "", err
	}
	number, ok, err := client.OpenPullRequest(ctx, github.Head{Repository: run.HeadRepository, Branch: run.HeadBranch, SHA: run.HeadSHA})
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", fmt.Errorf("%w: none that is open comes from branch %q of %q and ends in %s", errNoPullRequest, run.HeadBranch, run.HeadRepository, run.HeadSHA)
	}
	url = s.informPullRequest(ctx, client, number, made)
	if err := s.check(ctx, client, made); err != nil {
		s.skip("check run", err)
	}
	return url, nil
}

// readReport reads the report of that run's commit. A link in the folder is not
// followed out of it.
func (s *story) readReport(run runner.Upstream) (report.Report, error) {
	dir := absolute(s.Dir, s.cfg.ReportDir)
	file, err := os.OpenInRoot(dir, "report.json")
	if errors.Is(err, fs.ErrNotExist) {
		return report.Report{}, fmt.Errorf("there is no report.json in %q, and the run %s ended with %q; want that run's artifact downloaded there; see docs/permissions.md", s.cfg.ReportDir, run.RunURL, run.Conclusion)
	}
	if err != nil {
		return report.Report{}, err
	}
	defer file.Close()
	made, err := report.Read(file)
	if err != nil {
		return report.Report{}, fmt.Errorf("report.json in %q is refused: %w", s.cfg.ReportDir, err)
	}
	if made.HeadSHA != run.HeadSHA {
		return report.Report{}, fmt.Errorf("report.json in %q is refused: it is of commit %.40q; want %s, the commit of the run %s", s.cfg.ReportDir, made.HeadSHA, run.HeadSHA, run.RunURL)
	}
	return made, nil
}
