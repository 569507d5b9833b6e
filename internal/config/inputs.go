package config

import "github.com/alecthomas/kong"

// inputs is the only list of inputs there is: name, default, what is allowed and
// what each means. Flags are made from it, the action's INPUT_* variables are
// matched against it, and action.yml and the docs are held to it by tests.
type inputs struct {
	Mode           string `name:"mode" default:"run" allowed:"run,report,publish,prune" help:"run runs dbt and reports what it did to the row counts; report makes the report of an invocation that already ran; publish posts the report of a run that could not, as of a fork's pull request; prune deletes old audit rows."`
	DBTCommand     string `name:"dbt-command" default:"build" help:"dbt commands, one a line, run in order and stopping at the first that fails. Split as a shell would, nothing is expanded; a leading dbt is allowed."`
	ProjectDir     string `name:"project-dir" help:"Folder of dbt_project.yml. Default: dbt's own search."`
	ProfilesDir    string `name:"profiles-dir" help:"Folder of profiles.yml. Default: dbt's own search."`
	Profile        string `name:"profile" help:"Profile to use. Default: the project's."`
	Target         string `name:"target" help:"Target of the profile. Default: the profile's."`
	Threads        string `name:"threads" help:"Threads for dbt. Default: the target's."`
	DBTExecutable  string `name:"dbt-executable" default:"dbt" help:"The dbt to run: a name on the PATH, or a path."`
	Requirements   string `name:"requirements" help:"dbt version and adapters other than those that are there, one a line as in a requirements file; uv installs them into an environment of their own before the run."`
	InstallDeps    string `name:"install-deps" default:"auto" allowed:"auto,off" help:"auto runs dbt deps first where the project declares packages that are not installed."`
	Hooks          string `name:"hooks" default:"inject" allowed:"inject,project,off" help:"inject brings the audit hooks along for the run; project reads what the project's own hooks write; off runs dbt alone."`
	AuditDatabase  string `name:"audit-database" help:"Database of the audit table. Default: the target's."`
	AuditSchema    string `name:"audit-schema" help:"Schema of the audit table. Default: the target's; with hooks: project, wherever the session finds the table."`
	AuditTable     string `name:"audit-table" default:"dbt_audit_log" help:"Name of the audit table."`
	AuditFailure   string `name:"audit-failure" default:"warn" allowed:"warn,fail" help:"What becomes of the run when auditing itself goes wrong: warn runs dbt without it, fail ends with exit status 4."`
	CountViews     toggle `name:"count-views" default:"false" allowed:"true,false" help:"Count views too. Counting a view runs its query."`
	GitHubToken    string `name:"github-token" secret:"true" help:"Token for the comment and all else on GitHub. As an action it defaults to the job's own."`
	Comment        string `name:"comment" default:"auto" allowed:"auto,changes,gates,off" help:"Comment on the pull request: auto always, changes only when rows changed or something went wrong, gates only when something did, a breached gate among it, off never."`
	CommentKey     string `name:"comment-key" default:"default" help:"Tells the comments of several jobs on one pull request apart."`
	ReviewComments string `name:"review-comments" default:"gates" allowed:"gates,off" help:"gates comments on breaches and failed models at their own files, where the pull request changes them."`
	Check          toggle `name:"check" default:"false" allowed:"true,false" help:"Make a check run on the commit that tells of the gates alone, for branch protection. It is named dbt-tally, with a comment-key dbt-tally (key)."`
	Summary        toggle `name:"summary" default:"true" allowed:"true,false" help:"Write the job summary."`
	Annotations    toggle `name:"annotations" default:"true" allowed:"true,false" help:"Annotate breached gates and failed models at their files."`
	ReportDir      string `name:"report-dir" help:"Folder for report.json and report.md. Default: dbt-tally in dbt's target folder. mode publish: the folder with the report.json to post."`

	Baseline         string `name:"baseline" default:"auto" help:"Earlier run to compare with: auto (on a pull request the base branch's newest successful run, else the same branch's previous one), none, a branch, or a dbt invocation_id."`
	BaselineTarget   string `name:"baseline-target" help:"Name of the target that the baseline was built with. Default: this run's."`
	BaselineDatabase string `name:"baseline-database" help:"Database of the baseline's audit table. Default: this run's."`
	BaselineSchema   string `name:"baseline-schema" help:"Schema of the baseline's audit table. Default: this run's."`
	BaselineMaxAge   string `name:"baseline-max-age" default:"7d" help:"Age from which a baseline is called stale, such as 36h, 7d or 2w."`
	MaxDrop          string `name:"max-drop" help:"Gate: the most rows that a model may lose, a number or a percentage such as 5%."`
	MaxGrowth        string `name:"max-growth" help:"Gate: the most rows that a model may gain, a number or a percentage."`
	MinRows          string `name:"min-rows" help:"Gate: the fewest rows that a model may have after the run."`
	MaxRows          string `name:"max-rows" help:"Gate: the most rows that a model may have after the run."`
	FailOnEmpty      toggle `name:"fail-on-empty" default:"false" allowed:"true,false" help:"Gate: a model without rows after the run is a breach."`
	FailOnUnusual    toggle `name:"fail-on-unusual" default:"false" allowed:"true,false" help:"Gate: a change far outside a model's own history is a breach."`
	GateAxis         string `name:"gate-axis" default:"both" allowed:"run,baseline,both" help:"What max-drop and max-growth compare with: the model before this run, its baseline, or each of the two."`
	GateSeverity     string `name:"gate-severity" default:"error" allowed:"error,warn" help:"What a breach does: error ends with exit status 3 where dbt did not fail, warn reports it."`
	Issue            string `name:"issue" default:"off" allowed:"off,gates" help:"gates keeps one issue while a gate of severity error is breached and closes it when none is. For scheduled runs."`

	AllowPullRequestTarget toggle `name:"allow-pull-request-target" default:"false" allowed:"true,false" help:"Run on pull_request_target also where the pull request's code may be checked out: it then runs with the job's secrets."`

	OlderThan  string `name:"older-than" help:"mode prune: delete audit rows older than this, such as 180d; a day or more."`
	DryRun     toggle `name:"dry-run" default:"false" allowed:"true,false" help:"mode prune: count the rows, delete none."`
	Invocation string `name:"invocation" help:"mode report: dbt's invocation_id. Default: the one in target/run_results.json."`
}

// Input describes one input, for tests and docs.
type Input struct {
	Name    string
	Default string
	Allowed string // comma-separated, "" where anything goes
	Help    string
}

// Inputs lists every input in the order of the docs.
func Inputs() []Input {
	parser := newParser(&commandLine{}, nil)
	var list []Input
	for _, flag := range inputFlags(parser) {
		list = append(list, Input{
			Name: flag.Name, Default: flag.Default, Allowed: flag.Tag.Get("allowed"), Help: flag.Help,
		})
	}
	return list
}

// toggle is an input that is true or false; as a flag it may stand alone. Its
// value is checked with all the others, so that one run tells every mistake.
type toggle string

// Decode takes --name, --name=value or an input's value.
func (t *toggle) Decode(ctx *kong.DecodeContext) error {
	*t = "true"
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		token := ctx.Scan.Pop()
		*t = toggle(token.String())
	}
	return nil
}

// IsBool tells the parser that no value need follow the flag.
func (t *toggle) IsBool() bool { return true }
