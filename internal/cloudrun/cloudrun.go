// Package cloudrun turns a run of a dbt Cloud job into what a report is built from: it
// starts or finds the run, follows it, and reads dbt's results, the audit rows and the
// earlier runs. It leaves the requests to package dbtcloud and reporting to package app.
package cloudrun

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/docs"
)

// Session is one use of dbt Cloud by one job.
type Session struct {
	Client   dbtcloud.Client
	Config   config.CloudJob
	Event    ci.Event
	Accept   bool                             // the run's counts become a baseline even if they breach gates
	Progress func(format string, args ...any) // one line per call
	Now      func() time.Time
}

// appears is how long attach waits for a run to appear: the forge tells dbt Cloud and this
// job of a commit at the same time.
const appears = 10 * time.Minute

// ErrNoRun means that there is no run to report on.
var ErrNoRun = errors.New("no run to report on")

// Begin starts the run, or finds the one that something else started.
func (s Session) Begin(ctx context.Context) (run dbtcloud.Run, err error) {
	if s.Config.Run == config.Trigger {
		run, err = s.Client.Trigger(ctx, s.Config.Job, s.request())
	} else {
		run, err = s.attach(ctx)
	}
	if err != nil {
		return dbtcloud.Run{}, err
	}
	s.Progress("run %d of job %d: %s", run.ID, s.Config.Job, run.URL)
	return run, nil
}

// request describes the run to start. On a pull request it builds that pull request's
// commit, in the schema that dbt Cloud itself would choose.
func (s Session) request() dbtcloud.Request {
	c, pull := s.Config, s.Config.PullRequest
	if pull == 0 {
		pull = int64(s.Event.PullRequest)
	}
	r := dbtcloud.Request{Cause: c.Cause, GitSHA: c.GitSHA, GitBranch: c.GitBranch, Schema: c.Schema, Steps: c.Steps}
	if c.Limited {
		r.Timeout = int64(c.Timeout.Seconds())
	}
	if r.Cause == "" {
		r.Cause = strings.TrimSpace(s.Event.Repository + " " + s.Event.RunURL)
	}
	if pull != 0 {
		if s.Event.RepositoryID != 0 { // GitLab's
			r.GitLabMerge = pull
		} else {
			r.GitHubPull = pull
		}
		if r.GitSHA == "" && r.GitBranch == "" {
			r.GitSHA = s.Event.HeadSHA
		}
		if r.Schema == "" {
			r.Schema = fmt.Sprintf("dbt_cloud_pr_%d_%d", c.Job, pull)
		}
	}
	r.Cause = strings.ToValidUTF8(r.Cause[:min(len(r.Cause), 200)], "")
	r.Cause = cmp.Or(r.Cause, "dbt-tally") + s.acceptedBy()
	return r
}

// attach finds the newest run of the job that is about this job's commit or pull request,
// and waits until there is one. Without either it takes the job's newest run.
func (s Session) attach(ctx context.Context) (dbtcloud.Run, error) {
	limit := min(appears, s.Config.Timeout)
	until := s.Now().Add(limit)
	for told := false; ; told = true {
		runs, err := s.Client.Runs(ctx, dbtcloud.Query{Job: s.Config.Job, Limit: 50})
		if err != nil {
			return dbtcloud.Run{}, err
		}
		if i := slices.IndexFunc(runs, s.wants); i >= 0 {
			return runs[i], nil
		}
		if !told {
			if err := s.Client.FindJob(ctx, s.Config.Job); errors.Is(err, dbtcloud.ErrNotFound) {
				return dbtcloud.Run{}, err
			}
		}
		about := s.about()
		if about == "" || !s.Now().Before(until) {
			return dbtcloud.Run{}, s.noRun(about, limit)
		}
		if !told {
			s.Progress("waiting for job %d to start a run of %s", s.Config.Job, about)
		}
		if err := s.Client.Pause(ctx, 5*time.Second); err != nil {
			return dbtcloud.Run{}, err
		}
	}
}

// about returns what the report must be about: a commit, or the pull request of an event
// that does not contain the commit, such as a comment's; "" if it is the job's newest run.
func (s Session) about() string {
	switch {
	case s.aboutCommit():
		return "commit " + s.Event.HeadSHA
	case s.Event.PullRequest != 0:
		return fmt.Sprintf("pull request %d", s.Event.PullRequest)
	}
	return ""
}

func (s Session) aboutCommit() bool {
	latest := []string{
		"", "schedule", "workflow_dispatch", "repository_dispatch", "workflow_run", // of GitHub
		"web", "api", "chat", "trigger", "pipeline", "parent_pipeline", // of GitLab
	}
	return s.Event.HeadSHA != "" && !slices.Contains(latest, s.Event.Name)
}

// wants reports whether a run is the one to report on.
func (s Session) wants(run dbtcloud.Run) bool {
	if onlyRows(run) {
		return false
	}
	pull := int64(s.Event.PullRequest)
	switch {
	case s.about() == "":
		return true
	case s.aboutCommit() && run.GitSHA != "": // it is unknown while the run is queued
		return run.GitSHA == s.Event.HeadSHA
	}
	return pull != 0 && (run.Trigger.GitHubPull == pull || run.Trigger.GitLabMerge == pull)
}

func (s Session) noRun(about string, limit time.Duration) error {
	if about == "" {
		return fmt.Errorf("%w: job %d has no run yet; run it once, or use dbt-cloud-run: trigger; see %s",
			ErrNoRun, s.Config.Job, docs.DBTCloud)
	}
	return fmt.Errorf("%w: job %d started no run of %s within %s; let dbt Cloud run the job on pull requests, "+
		"check dbt-cloud-job, or use dbt-cloud-run: trigger; see %s",
		ErrNoRun, s.Config.Job, about, limit, docs.DBTCloud)
}

// Follow waits until the run is complete, and reports its state and its steps as they
// start. If ctx or the time ends first, a run that this session triggered is cancelled.
// The error is then the reason; the run is as it was last seen.
func (s Session) Follow(ctx context.Context, run dbtcloud.Run) (dbtcloud.Run, error) {
	waiting, cancel := context.WithTimeoutCause(ctx, s.Config.Timeout, errTimeout)
	defer cancel()
	state, steps := dbtcloud.Status(0), 0
	run, err := s.Client.Wait(waiting, run, func(now dbtcloud.Run) {
		for ; steps < len(now.Steps); steps++ {
			s.Progress("run %d, step %d: %s", now.ID, now.Steps[steps].Index, now.Steps[steps].Name)
		}
		if now.Status != state && now.Status != dbtcloud.Running {
			s.Progress("run %d: %s", now.ID, now.Status)
		}
		state = now.Status
	})
	if waiting.Err() == nil {
		return run, err
	}
	if errors.Is(context.Cause(waiting), errTimeout) {
		err = fmt.Errorf("run %d did not end within %s (dbt-cloud-timeout): %s", run.ID, s.Config.Timeout, run.URL)
	}
	if s.Config.Run != config.Trigger {
		s.Progress("run %d goes on in dbt Cloud, because this job did not start it", run.ID)
		return run, err
	}
	return s.cancel(ctx, run, err)
}

var errTimeout = errors.New("the time to wait is over")

// cancel cancels a run that this session started.
func (s Session) cancel(ctx context.Context, run dbtcloud.Run, why error) (dbtcloud.Run, error) {
	const most = 5 * time.Second // a cancelled job is killed after 10 s
	ctx, end := context.WithTimeout(context.WithoutCancel(ctx), most)
	defer end()
	if err := s.Client.Cancel(ctx, run.ID); err != nil {
		return run, errors.Join(why, err)
	}
	s.Progress("run %d: cancelled, because this job was", run.ID)
	run.Status = dbtcloud.Cancelled
	if now, err := s.Client.Run(ctx, run.ID, true); err == nil && now.Status.Complete() {
		run = now
	}
	return run, why
}
