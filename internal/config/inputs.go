package config

// input is one input of the action, which is also a flag of the same name.
type input struct {
	name    string
	value   string   // the default
	allowed []string // nil if anything is allowed
	toggle  bool     // true or false; the flag needs no value
	secret  bool
	env     string    // the environment variable that gives it if nothing else does
	only    []Command // narrows the commands of its group; nil: all of them
	again   bool      // another input has this name, too; this one is its meaning for its commands
	help    string
	example string
}

// group contains the inputs under one heading of the help.
type group struct {
	title    string
	commands []Command // the commands that take these inputs
	inputs   []input
}

var (
	running   = []Command{DBT, Report}
	reporting = []Command{DBT, Report, Cloud}
	auditing  = []Command{DBT, Report, History, Prune}
	connected = []Command{DBT, Report, History, Prune, Cloud}
	projects  = []Command{DBT, Report, History, Prune, Install, Cloud}
	posting   = []Command{DBT, Report, Publish, Cloud}
)

// scale lists the values of When.
var scale = []string{string(Always), string(Changes), string(Problems), string(Never)}

// groups is the only list of inputs. The flags, the help, action.yml and the tables in the
// docs are generated from it, and the INPUT_* variables are looked up in it.
var groups = []group{
	{"What runs", auditing, []input{
		{
			name: "mode", value: string(DBT), allowed: names(commandNames), only: projects,
			help: "As an action, the command to run: dbt runs the lines of dbt-command and reports; report makes " +
				"the report of an earlier invocation; history shows how the models' rows developed; publish posts " +
				"the report of a run that has no write access, for example one from a fork; prune deletes old audit " +
				"rows; install writes the audit macros into the project for dbt Cloud; cloud reports on a run of dbt " +
				"Cloud.",
		},
		{
			name: "dbt-command", value: "build", only: []Command{DBT},
			help: "As an action, the dbt commands to run, one per line, in order, up to the first that fails. " +
				"Each line is split as in a shell, but nothing is expanded. A leading dbt is optional.",
		},
		{
			name: "project-dir", only: projects, help: "Directory of dbt_project.yml. Default: dbt's own search.",
			example: "transform",
		},
		{
			name: "profiles-dir", only: connected,
			help: "Directory of profiles.yml. Default: dbt's own search, then the project's directory.",
		},
		{name: "profile", only: connected, help: "Profile to use. Default: the project's."},
		{name: "target", only: connected, help: "Target of the profile. Default: the profile's.", example: "ci"},
		{name: "threads", only: []Command{DBT}, help: "Threads for dbt. Default: the target's."},
		{
			name: "dbt-executable", value: "dbt", help: "The dbt to run: a name on the PATH, or a path.",
			example: ".venv/bin/dbt",
		},
		{
			name: "requirements",
			help: "Python requirements to install before the run, one per line, for another dbt version or " +
				"adapter. uv installs them into a separate environment.",
		},
		{
			name: "install-deps", value: "true", toggle: true, only: []Command{DBT},
			help: "Run dbt deps first if the project declares packages that are not installed.",
		},
	}},
	{"Auditing", auditing, []input{
		{
			name: "hooks", value: string(Inject), allowed: []string{string(Inject), string(Project), string(Off)},
			help: "inject adds the audit hooks for this run; project reads the rows that the project's own hooks " +
				"write; off runs dbt without auditing.",
		},
		{
			name: "audit-table", value: defaultAuditTable, only: connected,
			help: "The audit table, as [[database.]schema.]name. If its schema cannot be created, the target's " +
				"schema is used. With hooks: project the default is dbt_audit_log, as the session finds it.",
		},
		{
			name: "audit-failure", value: string(Auto), only: running,
			allowed: []string{string(Auto), string(Warn), string(Fail)},
			help: "What happens if auditing does not work: warn reports it; fail does not run dbt without it and " +
				"ends with exit status 4; auto reports it, and the gates of models that could not be counted fail.",
		},
		{
			name: "count", value: string(Auto), only: running, allowed: []string{string(Auto), "exact"},
			help: "auto uses a number of rows that the warehouse or the adapter reports, if that is proven; exact " +
				"counts every table before and after its build. meta.tally.count overrides it for a model.",
		},
		{
			name: "count-views", value: "false", toggle: true, only: running,
			help: "Count the rows of views, too. Counting a view runs its query.",
		},
		{
			name: "change-column", only: running, example: "updated_at",
			help: "The column with the time of a row's last change. It shows how many rows of a rebuilt table are new or " +
				"changed. Tables that lack it are left out. See docs/change-capture.md.",
		},
	}},
	{"Comparison", reporting, []input{
		{
			name: "baseline", value: string(Auto),
			help: "The earlier run to compare with: auto (on a pull request the newest successful run of the " +
				"base branch, otherwise the previous run of the same branch), none, a branch, or a dbt invocation_id.",
			example: "main",
		},
		{name: "baseline-table", only: running, help: "The audit table with the baseline's rows, as " +
			"[[database.]schema.]name. Default: this run's."},
		{name: "baseline-target", help: "The target that built the baseline. Default: this run's.", example: "prod"},
		{name: "baseline-max-age", value: "7d", help: "Age from which a baseline counts as stale: hours, days " +
			"or weeks.", example: "36h"},
	}},
	gateInputs,
	{"Surfaces", posting, []input{
		{name: "github-token", secret: true, help: "Token for the comment and everything else on GitHub. As " +
			"an action, the default is the job's token."},
		{name: "gitlab-token", secret: true, env: "GITLAB_TOKEN", help: "Token for the note and everything else on " +
			"GitLab: of the project, with the scope api and the role Reporter or higher. Default: the variable " +
			"GITLAB_TOKEN. CI_JOB_TOKEN may not write notes."},
		{
			name: "comment", value: string(Always), allowed: scale,
			help: "When a comment is created on the pull request: always, if rows changed or there are problems, " +
				"only if there are problems (a failure, a breached gate, auditing that does not work), or never. An " +
				"existing comment is always updated.",
		},
		{name: "comment-key", value: DefaultKey, help: "Distinguishes the comments, check runs and issues of " +
			"several jobs."},
		{
			name: "review-comments", value: string(Problems), allowed: scale,
			help: "Comment on breached gates and failed models at their files in the diff. There are problems to " +
				"comment on or none, so always and changes mean the same as problems.",
		},
		{
			name: "check", value: string(Never), allowed: scale,
			help: "Create a check run that reflects only the gates, for branch protection. It is named dbt-tally " +
				"or, with a comment-key, dbt-tally (key). With mode: install, true writes no macros and fails if the " +
				"project's are not those of this version.",
		},
		{
			name: "issue", value: string(Never), allowed: scale, only: reporting,
			help: "Keep an issue open for runs without a pull request: problems while a gate of severity error " +
				"is breached; it is closed when none is.",
		},
		{name: "summary", value: "true", toggle: true, only: reporting, help: "Write the job summary."},
		{
			name: "annotations", value: "true", toggle: true, only: reporting,
			help: "Annotate breached gates and failed models at their files.",
		},
		{
			name: "report-dir",
			help: "Directory for report.json, report.md, report.html, and the same in formats that CI systems " +
				"read. Default: dbt-tally in dbt's target directory. With mode: publish, the directory of the " +
				"report.json to post.",
		},
		{
			name: "report-url", example: "https://acme.github.io/shop/report.html",
			help: "The address at which report.html can be opened. The comment, the check run and the issue link to it.",
		},
	}},
	cloudInputs,
	{"Safety", []Command{DBT}, []input{
		{
			name: "allow-pull-request-target", value: "false", toggle: true,
			help: "Run on pull_request_target even if the pull request's code may be checked out. It then runs " +
				"with the job's secrets.",
		},
	}},
	{"history", []Command{History}, []input{
		{name: "since", value: "30d", help: "Show the runs of this period: hours, days or weeks.", example: "90d"},
		{name: "branch", help: "Show only the runs of this branch. Default: all branches, without pull requests."},
		{name: "json", value: "false", toggle: true, help: "Print JSON instead of the table."},
		{name: "csv", value: "false", toggle: true, help: "Print one line per model and run, separated by commas."},
		{name: "html", help: "Write a page that opens in the browser to this file.", example: "history.html"},
	}},
	{"prune", []Command{Prune}, []input{
		{name: "older-than", help: "Delete audit rows older than this, a day or more.", example: "180d"},
		{name: "dry-run", value: "false", toggle: true, help: "Count the rows and delete none."},
	}},
	{"install", []Command{Install}, []input{
		{
			name: "check", value: "false", toggle: true, again: true,
			help: "Write nothing, and fail if the project's macros are not those of this version.",
		},
		{name: "remove", value: "false", toggle: true, help: "Remove the macros from the project."},
	}},
	{"report", []Command{Report}, []input{
		{name: "invocation", help: "dbt's invocation_id. Default: the one in target/run_results.json."},
	}},
}
