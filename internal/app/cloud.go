package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/cloudrun"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/profile"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// cloudJob is the report on one run of dbt Cloud. Its steps are those of dbt on this
// machine, with dbt Cloud in the place of the child process and of the warehouse.
type cloudJob struct {
	Command
	con     console
	job     job.Job
	scratch string // where dbt's artifacts are put
	session cloudrun.Session
}

// reportOnCloud starts or finds a run of dbt Cloud, waits for it and reports on it.
func reportOnCloud(ctx context.Context, c Command, cfg config.Config, con console) int {
	j, err := job.New(cfg, job.Surroundings{
		Dir: c.Dir, LookupEnv: c.lookupEnv, Checkout: con.system.workspace, Event: con.system.event, Secrets: con.secrets,
	})
	if err != nil {
		return con.refuse(err)
	}
	scratch, err := scratchDir(j.Project.TargetPath)
	if err != nil {
		return con.refuse(err)
	}
	defer os.RemoveAll(scratch)
	return cloudJob{Command: c, con: con, job: j, scratch: scratch, session: cloudrun.Session{
		Client: dbtcloud.Client{
			HTTP: c.HTTP, Host: cfg.Cloud.Host, Account: cfg.Cloud.Account, Token: cfg.Cloud.Token,
		},
		Config: cfg.Cloud, Event: j.Event, Accept: cfg.Accept, Progress: con.cloudProgress, Now: c.Now,
	}}.run(ctx)
}

// cloudProgress prints one line. Names of steps are written by others.
func (c console) cloudProgress(format string, args ...any) {
	text := strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")
	c.line("dbt Cloud: %s", c.secrets.Redact(text))
}

func (c cloudJob) run(ctx context.Context) int {
	run, err := c.session.Begin(ctx)
	if err != nil {
		return c.noRun(ctx, err)
	}
	run, err = c.session.Follow(ctx, run)
	if err != nil && ctx.Err() == nil {
		c.con.error(err.Error())
	}
	c.showFailure(run)
	s, made := c.report(ctx, run)
	return c.deliver(ctx, s, made, c.con)
}

// noRun reports why there is no run, and returns the exit status.
func (c cloudJob) noRun(ctx context.Context, err error) int {
	switch {
	case ctx.Err() != nil:
		c.con.error("interrupted before a run was found")
		return ExitInterrupted
	case errors.Is(err, cloudrun.ErrNoRun):
		c.con.error(err.Error())
		return ExitFailed
	}
	explained := c.session.Client.Explain(err, c.session.Config.Job)
	for _, mistake := range []error{dbtcloud.ErrUnauthorized, dbtcloud.ErrForbidden, dbtcloud.ErrNotFound} {
		if errors.Is(err, mistake) {
			return c.con.refuse(explained)
		}
	}
	c.con.error(explained.Error())
	return ExitFailed
}

// showFailure prints the log of the step with which the run failed, as dbt Cloud has it.
func (c cloudJob) showFailure(run dbtcloud.Run) {
	const most = 1 << 20 // bytes
	step := cloudrun.FailedStep(run)
	if step == nil {
		return
	}
	log := step.Logs
	if len(log) > most {
		log = strings.ToValidUTF8(log[len(log)-most:], "")
	}
	title := strings.Join(strings.Fields(fmt.Sprintf("dbt Cloud, step %d: %s", step.Index, step.Name)), " ")
	end := c.con.system.section(c.con.secrets.Redact(title))
	defer end()
	resume := c.con.system.plain()
	defer resume()
	c.con.line("%s", c.con.secrets.Redact(log))
}

// report reads everything that dbt Cloud knows of the run, and builds the report.
func (c cloudJob) report(ctx context.Context, run dbtcloud.Run) (start, report.Report) {
	step, cancel := readingCloud.context(ctx)
	defer cancel()
	began := c.Now()
	results := c.session.Results(step, run, c.scratch)
	s := start{job: c.job, scratch: c.scratch, dbt: program{cli: dbt.CLI{
		Executable: executable(c.job), WorkDir: c.Dir, Env: c.Environ, ProjectDir: c.job.Project.Dir,
		TargetPath: c.scratch, ScratchDir: c.scratch, Now: c.Now,
	}}}
	about := &report.CloudRun{RunID: run.ID, JobID: run.Job, URL: run.URL}
	if c.connects() && len(results.Missing) == 0 { // the rows are found by the steps' results
		return c.reportDirectly(step, s, results, about)
	}
	var nodes []dbt.ManifestNode
	var code []tally.CodeNode
	if results.Manifest {
		var unread, unknown string
		nodes, unread = manifestNodes(s.dbt.cli, results.Invocations)
		code, unknown = manifestCode(nil, s.dbt.cli)
		for _, problem := range []string{unread, unknown} {
			if problem != "" {
				results.Problems = append(results.Problems, problem)
			}
		}
	}
	f := facts{
		version: c.Version, job: c.job, program: s.dbt, invocations: results.Invocations,
		nodes: nodes, files: repositoryFiles(c.job, nodes), code: code, cloud: about,
		missing: c.redacted(results.Missing),
	}
	counted, collected := c.collect(step, run, f)
	collected.Problems = c.redacted(append(results.Problems, collected.Problems...))
	c.con.problems(collected.Problems, collected.NotFound != "")
	s.audit = audit.Settings{Job: c.job, Now: c.Now, Connection: job.Connection{Connection: profile.Connection{
		Target: counted.Target, Type: counted.Type,
		Settings: map[string]any{"database": counted.Database, "schema": counted.Schema},
	}}}
	f.settings, f.collected, f.now, f.around = s.audit, collected, c.Now(), c.Now().Sub(began)
	f.changed = changedFiles(step, forgeOf(c.HTTP, s, c.con), s, collected.History, f.code)
	made, problems := buildReport(f)
	c.con.problems(problems, false)
	c.accept(ctx, run, &made)
	return s, made
}

// reportDirectly reads the rows and the history from the warehouse, as after a dbt that ran
// here, because the user named the profile to connect with.
func (c cloudJob) reportDirectly(
	ctx context.Context, s start, results cloudrun.Results, about *report.CloudRun,
) (start, report.Report) {
	connection := c.job.Connect(true)
	s.audit = audit.Settings{
		Job: c.job, Connection: connection, DBT: s.dbt.cli, Program: c.Version,
		Unattended: c.con.system.active, Now: c.Now, LockWait: c.LockWait,
	}
	if err := warehouse.Quiet(connection.Type, os.Setenv, c.scratch); err != nil {
		results.Problems = append(results.Problems, err.Error())
	}
	opened := audit.Open(ctx, s.audit)
	opened.Problems = append(opened.Problems, c.redacted(results.Problems)...)
	c.con.problems(opened.Problems, false)
	made := c.reportOn(ctx, s, opened, results.Invocations, c.con)
	made.Cloud = about
	return s, made
}

// collect reads the audit rows of the run and the earlier runs to compare with.
func (c cloudJob) collect(
	ctx context.Context, run dbtcloud.Run, f facts,
) (cloudrun.Counted, audit.Collected) {
	var collected audit.Collected
	built := false
	for _, inv := range f.invocations {
		built = built || inv.Command.Builds() && (len(inv.Nodes) > 0 || inv.ExitCode == 0)
	}
	switch {
	case run.Status == dbtcloud.Cancelled || !run.Status.Complete():
		collected.Off = "the run was cancelled before its last step printed the audit rows"
		return cloudrun.Counted{}, collected
	case !built:
		collected.Off = "the run built nothing"
		return cloudrun.Counted{}, collected
	}
	counted, err := c.session.Rows(ctx, run)
	if err != nil {
		collected.Problems = []string{fmt.Sprintf("the audit rows of run %d: %v", run.ID, err)}
	}
	collected.Relation, collected.Rows, collected.Columns = counted.Relation, counted.Rows, counted.Columns
	if len(counted.Rows) == 0 {
		if err != nil {
			collected.Off = "auditing did not work"
		}
		return counted, collected
	}
	c.compare(ctx, run, counted, f, &collected)
	return counted, collected
}

// compare adds the earlier runs.
func (c cloudJob) compare(
	ctx context.Context, run dbtcloud.Run, counted cloudrun.Counted, f facts, to *audit.Collected,
) {
	wanted, event := c.job.Config.Baseline, c.job.Event
	if wanted.Off {
		return
	}
	sought := cloudrun.Sought{Baseline: wanted, Target: cmp.Or(wanted.Target, counted.Target), Branch: wanted.Branch}
	if wanted.RunID == "" && wanted.Branch == "" {
		sought.Branch = cmp.Or(event.BaseRef, run.GitBranch, event.Branch())
	}
	to.Sought = warehouse.HistoryQuery{
		Wanted: true, RunID: wanted.RunID, Branch: sought.Branch, Target: sought.Target, Before: run.Created.Time,
	}
	past, err := c.session.Earlier(ctx, run, sought)
	f.job.Config.Accept = false // that is about this run
	judge := cloudrun.Judge{Session: c.session, Code: f.code, Read: codeIn}
	judge.Input, _ = f.tallyInput()
	if wanted.RunID == "" {
		past = judge.Sound(ctx, past)
	}
	to.History = judge.History(ctx, past)
	switch {
	case errors.Is(err, cloudrun.ErrNoBaseline):
		to.NotFound = c.con.secrets.Redact(err.Error())
		fallthrough
	case err != nil:
		to.Problems = append(to.Problems, err.Error())
	}
}

// accept makes the counts of this run a baseline, if the user accepts them and they breach
// a gate. With a connection to the warehouse that is in the run table.
func (c cloudJob) accept(ctx context.Context, run dbtcloud.Run, made *report.Report) {
	cfg := c.job.Config
	if !cfg.Accept || run.Trigger.Pull() || len(report.Breaches(made.Models)) == 0 {
		return
	}
	step, cancel := readingCloud.context(ctx)
	defer cancel()
	if err := c.session.KeepAccepted(step, run); err != nil {
		problems := c.redacted([]string{err.Error()})
		c.con.problems(problems, false)
		made.Audit.Problems = append(made.Audit.Problems, problems...)
	}
}

// connects reports whether the user named the profile to connect with.
func (c cloudJob) connects() bool {
	cfg := c.job.Config
	return cfg.ProfilesDir+cfg.Profile+cfg.Target != ""
}

func (c cloudJob) redacted(problems []string) []string {
	for i, problem := range problems {
		problems[i] = c.con.secrets.Redact(problem)
	}
	return problems
}
