package app

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/audit"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/surface"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// reportOn collects the data about the invocations from dbt's artifacts and the warehouse,
// ends auditing, and builds the report.
func (c Command) reportOn(
	ctx context.Context, s start, prepared audit.Prepared, invocations []dbt.Invocation, con console,
) report.Report {
	mustWork := s.job.Config.Audit.Failure == config.Fail
	nodes, problem := readManifest(s.dbt.cli, invocations)
	if problem != "" {
		con.problems([]string{problem}, mustWork)
		prepared.Problems = append(prepared.Problems, problem)
	}
	var code []tally.CodeNode
	if problem == "" { // a file that cannot be read is reported once
		vars, _ := s.job.Project.Vars() // nil if dbt_project.yml is gone
		code, problem = readCode(vars, s.dbt.cli, invocations)
		if problem != "" {
			con.problems([]string{problem}, false)
			prepared.Problems = append(prepared.Problems, problem)
		}
	}
	step, cancel := collecting.within(c.Patience).context(ctx)
	defer cancel()
	began := c.Now()
	end := con.working("reading the audit rows")
	collected := prepared.Collect(step, invocations, audit.Nodes{
		Fingerprints: fingerprints(code), Relations: built(invocations, nodes),
		Gated: gated(s.job.Config.Limits, nodes),
	})
	end()
	con.problems(collected.Problems, mustWork || collected.NotFound != "")
	around := prepared.Took + c.Now().Sub(began)
	made, problems := buildReport(facts{
		now: c.Now(), version: c.Version, job: s.job, program: s.dbt, settings: s.audit,
		prepared: prepared, collected: collected, around: around, invocations: invocations,
		nodes: nodes, files: repositoryFiles(s.job, nodes),
		code: code, changed: changedFiles(step, forgeOf(c.HTTP, s, con), s, collected.History, code),
	})
	con.problems(problems, mustWork)
	step, cancel = recording.context(ctx)
	defer cancel()
	began = c.Now()
	unrecorded := prepared.Record(step, collected, made.ExitCode == ExitGateBreached)
	con.problems(unrecorded, mustWork)
	made.Audit.Problems = append(made.Audit.Problems, unrecorded...)
	made.Audit.Around += c.Now().Sub(began).Seconds()
	if err := prepared.Close(); err != nil {
		con.warn(err.Error())
	}
	return made
}

// deliver writes the report to every surface of this job and returns its exit status,
// which no surface changes.
func (c Command) deliver(ctx context.Context, s start, made report.Report, con console) int {
	step, cancel := delivering.context(ctx)
	defer cancel()
	surface.Deliver(step, c.surfaces(s, con), made, con.skipped(s.job.Event))
	return made.ExitCode
}

// tableOutput returns the output for the table: standard output after dbt's own lines, or
// standard error if a program is meant to read standard output.
func (c Command) tableOutput(commands []dbt.Command) io.Writer {
	for _, command := range commands {
		format, _ := command.Flag("--log-format")
		if cmp.Or(format, c.getenv("DBT_LOG_FORMAT")) == "json" ||
			slices.Contains(command, "--quiet") || slices.Contains(command, "-q") {
			return c.Stderr
		}
	}
	return c.Stdout
}

// surfaces returns the surfaces of this job in the order in which they are written.
func (c Command) surfaces(s start, con console) []surface.Surface {
	cfg, event := s.job.Config, s.job.Event
	list := []surface.Surface{
		surface.Files{Dir: s.job.ReportDir, Vendor: con.system.vendor, Event: event},
		surface.Terminal{Out: c.tableOutput(s.job.Commands), NoColor: c.getenv("NO_COLOR") != ""},
	}
	if annotate := con.system.annotate; annotate != nil && cfg.Annotations {
		list = append(list, surface.Annotations{
			Annotate: annotate, ProblemsAreErrors: cfg.Audit.Failure == config.Fail,
		})
	}
	if write := con.system.summary; write != nil && cfg.Summary {
		list = append(list, surface.Summary{Write: write, Trend: event.PullRequest == 0})
	}
	list = append(list, forgeOf(c.HTTP, s, con).Surfaces()...)
	if set := con.system.output; set != nil {
		list = append(list, surface.Outputs{Set: set, Checkout: s.job.Checkout})
	}
	return append(list, surface.Handover{Dir: s.job.ReportDir, Checkout: s.job.Checkout, ReportURL: cfg.ReportURL})
}

// forgeOf returns the job's access to the forge that runs it.
func forgeOf(client *http.Client, s start, con console) surface.Forge {
	cfg := s.job.Config
	return surface.Forge{
		Vendor: con.system.vendor, HTTP: client, Event: s.job.Event,
		Token: con.system.token(cfg), JobToken: con.system.jobToken, Key: cfg.CommentKey, Comment: cfg.Comment,
		ReviewComments: cfg.ReviewComments, Check: cfg.Check, Issue: cfg.Issue, Target: s.audit.Connection.Target,
		ReportURL: cfg.ReportURL,
	}
}

// budget limits the time of a step after dbt: without an interrupt, and after one.
type budget struct{ calm, hurried time.Duration }

// The steps after dbt. Each has its own budget, so that the comment is written even if the
// warehouse does not answer. After an interrupt the runner kills this process within 10 s,
// some of which dbt has already used
// (https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-cancellation).
var (
	collecting = budget{calm: 90 * time.Second, hurried: 2 * time.Second}
	recording  = budget{calm: 15 * time.Second, hurried: time.Second}
	delivering = budget{calm: 90 * time.Second, hurried: 4 * time.Second}

	// Reading a run of dbt Cloud may take a further run there.
	readingCloud = budget{calm: 30 * time.Minute, hurried: 2 * time.Second}
)

// within returns b with another calm limit, unless that is 0.
func (b budget) within(calm time.Duration) budget {
	b.calm = cmp.Or(calm, b.calm)
	return b
}

// context returns a context for one step. An interrupt shortens it instead of ending it at
// once, whether it comes before the step or during it.
func (b budget) context(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() != nil {
		return context.WithTimeout(context.WithoutCancel(ctx), b.hurried)
	}
	step, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.calm)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(b.hurried, cancel) })
	return step, func() { stop(); cancel() }
}
