package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/docs"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

const anInvocation = "0b5e6f6c-3f5e-4a44-9d2a-7c1f6ad2b9e1"

// defaults returns the documented defaults.
func defaults() Config {
	return Config{
		Command:        DBT,
		Commands:       [][]string{{"build"}},
		DBTExecutable:  "dbt",
		InstallDeps:    true,
		Hooks:          Inject,
		Audit:          Audit{Table: Table{Schema: "dbt_audit", Name: "dbt_audit_log"}, Fallback: true, Failure: Auto},
		Comment:        Always,
		CommentKey:     "default",
		ReviewComments: Problems,
		Check:          Never,
		Issue:          Never,
		Summary:        true,
		Annotations:    true,
		Baseline:       Baseline{MaxAge: 7 * 24 * time.Hour},
		Limits:         tally.Limits{Axis: tally.AxisBoth, Severity: tally.SeverityError, Scope: tally.ScopeAll, Columns: tally.AnyColumns},
	}
}

var inAction = []string{"GITHUB_ACTIONS=true"}

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ args, environ []string }{
		"as an action":        {nil, inAction},
		"on the command line": {[]string{"build"}, nil},
	} {
		got, err := Parse(test.args, test.environ, t.TempDir(), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(defaults(), got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

func TestInputsAndFlagsBecomeTheConfig(t *testing.T) {
	t.Parallel()
	dbt := func(words ...string) func(*Config) {
		return func(c *Config) { c.Commands = [][]string{words} }
	}
	tests := map[string]struct {
		args, environ []string
		want          func(*Config)
	}{
		"a prefix for dbt": {args: []string{"run", "-s", "x+"}, want: dbt("run", "-s", "x+")},
		"flags behind the command": {
			args: []string{"build", "--target", "ci", "--help"},
			want: dbt("build", "--target", "ci", "--help"),
		},
		"a leading dbt":                  {args: []string{"dbt", "build"}, want: dbt("build")},
		"a command unknown to dbt-tally": {args: []string{"frobnicate"}, want: dbt("frobnicate")},
		"a double dash":                  {args: []string{"--", "seed"}, want: dbt("seed")},
		"a flag takes precedence over an input": {
			args: []string{"seed"}, environ: []string{"INPUT_DBT-COMMAND=build"},
			want: dbt("seed"),
		},
		"a flag": {
			args: []string{"--target", "ci", "build"},
			want: func(c *Config) { c.Target = "ci" },
		},
		"a flag with one dash": {
			args: []string{"-target=ci", "build"},
			want: func(c *Config) { c.Target = "ci" },
		},
		"an input": {
			environ: []string{"INPUT_COMMENT-KEY=shop / prod"},
			want:    func(c *Config) { c.CommentKey = "shop / prod" },
		},
		"a flag wins": {
			args: []string{"--target=ci"}, environ: []string{"INPUT_TARGET=prod"},
			want: func(c *Config) { c.Target = "ci" },
		},
		"an empty input is unset": {
			environ: []string{"INPUT_HOOKS=", "INPUT_TARGET= "},
			want:    func(*Config) {},
		},
		"a toggle alone": {
			args: []string{"--count-views", "build"},
			want: func(c *Config) { c.CountViews = true },
		},
		"a toggle with a value": {
			args: []string{"--summary=no", "build"},
			want: func(c *Config) { c.Summary = false },
		},
		"a toggle before another argument": {
			args: []string{"--summary", "false", "build"},
			want: func(c *Config) { c.Summary = false },
		},
		"a toggle as an input": {
			environ: []string{"INPUT_ANNOTATIONS=false"},
			want:    func(c *Config) { c.Annotations = false },
		},
		"a history": {
			args: []string{"history", "fct_orders", "--since", "12w", "stg_*", "--csv", "--branch=main", "--html", "h.html"},
			want: func(c *Config) {
				c.Command = History
				c.History = HistoryOptions{
					Models: []string{"fct_orders", "stg_*"}, Since: 84 * 24 * time.Hour, Branch: "main", CSV: true, HTML: "h.html",
				}
			},
		},
		"where the report can be opened": {
			args: []string{"--report-url", "https://acme.github.io/shop/report.html?run=1", "build"},
			want: func(c *Config) { c.ReportURL = "https://acme.github.io/shop/report.html?run=1" },
		},
		"an empty comment-key": {args: []string{"--comment-key", "", "build"}, want: func(*Config) {}},
		"a mode as an input": {
			environ: []string{"INPUT_MODE=report"},
			want:    func(c *Config) { c.Command = Report },
		},
		"a command takes precedence over mode": {
			args: []string{"build"}, environ: []string{"INPUT_MODE=report"},
			want: func(*Config) {},
		},
		"a report": {
			args: []string{"report", "--invocation", anInvocation},
			want: func(c *Config) { c.Command = Report; c.Invocation = anInvocation },
		},
		"publishing": {
			environ: []string{"INPUT_MODE=publish", "INPUT_REPORT-DIR=dbt-tally", "INPUT_CHECK=always"},
			want:    func(c *Config) { c.Command = Publish; c.ReportDir = "dbt-tally"; c.Check = Always },
		},
		"pruning": {
			args: []string{"prune", "--older-than", "180d", "--dry-run"},
			want: func(c *Config) { c.Command = Prune; c.OlderThan = 180 * 24 * time.Hour; c.DryRun = true },
		},
		"defaults of the action with another command": {
			environ: []string{
				"INPUT_MODE=prune", "INPUT_OLDER-THAN=30d", "INPUT_HOOKS=inject", "INPUT_DBT-COMMAND=build",
				"INPUT_GITHUB-TOKEN=t",
			},
			want: func(c *Config) { c.Command = Prune; c.OlderThan = 30 * 24 * time.Hour; c.GitHubToken = "t" },
		},
		"an audit table": {
			args: []string{"--audit-table=db.audit.log", "build"},
			want: func(c *Config) { c.Audit.Table = Table{"db", "audit", "log"}; c.Audit.Fallback = false },
		},
		"an audit table in the target's schema": {
			args: []string{"--audit-table=log", "build"},
			want: func(c *Config) { c.Audit.Table = Table{Name: "log"}; c.Audit.Fallback = false },
		},
		"the project's own table": {
			args: []string{"--hooks=project", "build"},
			want: func(c *Config) {
				c.Hooks = Project
				c.Audit.Table, c.Audit.Fallback = Table{Name: "dbt_audit_log"}, false
			},
		},
		"no baseline": {
			args: []string{"--baseline=none", "build"},
			want: func(c *Config) { c.Baseline.Off = true },
		},
		"a branch to compare with": {
			args: []string{"--baseline=release/1.2", "build"},
			want: func(c *Config) { c.Baseline.Branch = "release/1.2" },
		},
		"a run to compare with": {
			args: []string{"--baseline", anInvocation, "build"},
			want: func(c *Config) { c.Baseline.RunID = anInvocation },
		},
		"target, table and age of the baseline": {
			args: []string{"--baseline-target=prod", "--baseline-table=db.dbt audit.log", "--baseline-max-age=2w", "build"},
			want: func(c *Config) {
				c.Baseline = Baseline{Target: "prod", Table: Table{"db", "dbt audit", "log"}, MaxAge: 14 * 24 * time.Hour}
			},
		},
		"gates": {
			environ: []string{
				"INPUT_MAX-DROP=5%", "INPUT_MAX-GROWTH=1000", "INPUT_MIN-ROWS=1", "INPUT_MAX-ROWS=2000000",
				"INPUT_UNUSUAL=gate", "INPUT_GATE-AGAINST=before", "INPUT_GATE-SEVERITY=warn", "INPUT_ISSUE=problems",
			},
			want: func(c *Config) {
				least, most := int64(1), int64(2_000_000)
				c.Limits = tally.Limits{
					MaxDrop: &tally.Limit{Amount: 5, Percent: true}, MaxGrowth: &tally.Limit{Amount: 1000},
					MinRows: &least, MaxRows: &most,
					Unusual: true, Axis: tally.AxisBefore, Severity: tally.SeverityWarn, Scope: tally.ScopeAll, Columns: tally.AnyColumns,
				}
				c.Issue = Problems
			},
		},
		"several commands": {
			environ: []string{"INPUT_DBT-COMMAND=\n  dbt seed\n# data first\nrun --vars '{a: \"b c\"}' \\\n  " +
				"--full-refresh\n\n"},
			want: func(c *Config) {
				c.Commands = [][]string{{"seed"}, {"run", "--vars", `{a: "b c"}`, "--full-refresh"}}
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := defaults()
			test.want(&want)
			got, err := Parse(test.args, test.environ, t.TempDir(), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Parse(
		[]string{"--comment", "allways", "--tagret", "ci", "--threads=many", "--project-dir", "nowhere"},
		[]string{
			"INPUT_DBT-COMMAND=build --select 'a\nrun", "INPUT_AUDIT_TABEL=x", "INPUT_COMMENT-KEY=<!-- a -->",
			"INPUT_SUMMARY=maybe", "INPUT_REPORT-URL=javascript:alert(1)", "INPUT_AUDIT-TABLE=a\"b", "INPUT_QUITE-SOMETHING-ELSE=1",
		}, dir, io.Discard)
	if err == nil {
		t.Fatal("no error")
	}
	see := "; see " + docs.Inputs
	wanted := []string{
		`input "comment": unusable value "allways"; expected "always", "changes", "problems" or "off"` + see,
		`flag "--tagret": unknown; did you mean "target"?` + see,
		`input "threads": unusable value "many"; expected a whole number from 1 up` + see,
		`input "project-dir": no dbt_project.yml in "nowhere"; use the directory that contains it, relative ` +
			`to ` + dir + see,
		`input "dbt-command": unusable value "build --select 'a"; expected one dbt command per line, with ` +
			`closed quotes` + see,
		`input "audit-tabel": unknown; did you mean "audit-table"?` + see,
		`input "comment-key": unusable value "<!-- a -->"; expected 1 to 100 letters, digits, spaces and . _ / : -` + see,
		`input "report-url": unusable value "javascript:alert(1)"; expected a web address that begins with https://` + see,
		`input "summary": unusable value "maybe"; expected "true" or "false"` + see,
		`input "audit-table": unusable value "a\"b"; expected [[database.]schema.]name without quotes`,
		`input "quite-something-else": unknown; expected one of mode, dbt-command, project-dir`,
	}
	for _, want := range wanted {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s\nin: %s", want, err)
		}
	}
	if got := len(strings.Split(err.Error(), "\n")); got != len(wanted) {
		t.Errorf("%d problems, want %d:\n%s", got, len(wanted), err)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	see, gates := "; see "+docs.Inputs, "; see "+docs.Gates
	duration := "expected a number of hours, days or weeks, such as 36h, 7d or 2w" + see
	tests := map[string]struct {
		args []string
		want string
	}{
		"dbt's flag in front": {
			[]string{"--max-drop=5%", "--select", "orders+", "build", "--full-refresh"},
			`flag "--select": unknown; put dbt's flags behind the dbt command: dbt-tally build --select orders+ ` +
				`--full-refresh`,
		},
		"dbt's short flag in front": {
			[]string{"-s", "orders+", "run"},
			`flag "-s": unknown; put dbt's flags behind the dbt command: dbt-tally run -s orders+`,
		},
		"no dbt command": {[]string{"--max-drop=5%"}, `no dbt command; add one, for example: dbt-tally ` +
			`--max-drop=5% build`},
		"a missing value": {
			[]string{"--target"},
			"flag --target: missing value; use --target=VALUE" + see +
				"\nno dbt command; add one, for example: dbt-tally --target " +
				"build",
		},
		"a malformed flag": {[]string{"--=x", "build"}, `flag "--=x": unknown; put dbt's flags behind the ` +
			`dbt command: dbt-tally build --=x`},
		"a misspelt command": {[]string{"publsh"}, `command "publsh": unknown; did you mean "publish"?`},
		"two modes": {[]string{"--mode=report", "build"}, `flag --mode: "report" contradicts the ` +
			`command "dbt"; use one of them` + see},
		"unusable gates": {
			[]string{"--max-drop", "5 %%", "--max-growth=-3", "--min-rows=abc", "--max-rows=5%", "build"},
			`input "max-drop": unusable value "5 %%"; expected a whole number of rows or a percentage, such as ` +
				`100 or 5%` + gates + `
input "max-growth": unusable value "-3"; expected a whole number of rows or a percentage, such as 100 or 5%` + gates + `
input "min-rows": unusable value "abc"; expected a whole number from 0 up` + gates + `
input "max-rows": unusable value "5%"; expected a whole number from 0 up` + gates,
		},
		"min above max": {[]string{"--min-rows=10", "--max-rows=5", "build"}, "min-rows 10 is " +
			"above max-rows 5; lower min-rows or raise max-rows"},
		"gate-against without a baseline": {
			[]string{"--baseline=none", "--gate-against=baseline", "build"},
			`input "gate-against": "baseline" with baseline "none"; use "before", or a baseline` + gates,
		},
		"unusual without a history": {[]string{"--baseline=none", "--unusual=gate", "build"}, `input ` +
			`"unusual": "gate" with baseline "none"; it needs earlier runs to compare with` + gates},
		"gates without hooks": {[]string{"--hooks=off", "--max-drop=1%", "build"}, `input "hooks": ` +
			`"off" with gates, which need row counts; remove the gates or use "inject"` + gates},
		"not a branch": {[]string{"--baseline=ma in", "build"}, `input "baseline": unusable ` +
			`value "ma in"; expected "auto", "none", a branch, or a dbt invocation_id` + see},
		"not a table": {[]string{"--baseline-table=a..b", "build"}, `input "baseline-table": ` +
			`unusable value "a..b"; expected [[database.]schema.]name without quotes, such as dbt_audit.dbt_audit_log` + see},
		"too many parts": {[]string{"--audit-table=a.b.c.d", "build"}, `input "audit-table": ` +
			`unusable value "a.b.c.d"; expected [[database.]schema.]name without quotes, such as ` +
			`dbt_audit.dbt_audit_log` + see},
		"an age without a unit": {[]string{"--baseline-max-age=7", "build"}, `input "baseline-max-age": ` +
			`unusable value "7"; ` + duration},
		"an age of zero": {[]string{"--baseline-max-age=0d", "build"}, `input "baseline-max-age": ` +
			`unusable value "0d"; ` + duration},
		"pruning without an age": {[]string{"prune"}, `input "older-than": missing; set an age of a day or ` +
			`more, such as 180d` + see},
		"pruning with an age alone": {[]string{"prune", "10d"}, `command "prune": unexpected argument "10d"; ` +
			`write an age as --older-than 180d`},
		"pruning today's rows": {[]string{"prune", "--older-than=23h"}, `input "older-than": unusable ` +
			`value "23h"; expected an age of a day or more, such as 180d` + see},
		"not an invocation": {[]string{"report", "--invocation=7"}, `input "invocation": unusable ` +
			`value "7"; expected dbt's invocation_id` + see},
		"a report with a command": {[]string{"report", "build"}, `command "report": unexpected argument ` +
			`"build"; remove it`},
		"publishing without a directory": {[]string{"publish"}, `input "report-dir": missing; set it to the ` +
			`directory to which report.json was downloaded; see ` + docs.Permissions},
		"a token in another input": {
			[]string{"--comment=ghp_16C7e42F292c6912E7710c838347Ae178B4a", "build"},
			`input "comment": unusable value "ghp_***"; expected "always", ` +
				`"changes", "problems" or "off"` + see,
		},
		"a long value": {
			[]string{"--comment=" + strings.Repeat("no ", 100), "build"},
			`input "comment": unusable value "` + strings.Repeat("no ", 20) + `"… (300 characters); expected`,
		},
		"inputs of another command": {
			[]string{"--older-than=180d", "--dry-run", "--invocation", anInvocation, "build"},
			`input "older-than": has no effect on "dbt"; remove it, or use it with "prune"` + see + `
input "dry-run": has no effect on "dbt"; remove it, or use it with "prune"` + see + `
input "invocation": has no effect on "dbt"; remove it, or use it with "report"` + see,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(test.args, nil, t.TempDir(), io.Discard)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("(-want +got)\n%s", cmp.Diff(test.want, err.Error()))
			}
		})
	}
}

func TestARefusedConfigStillContainsTheToken(t *testing.T) {
	t.Parallel()
	got, err := Parse([]string{"--comment=x", "build"}, []string{"INPUT_GITHUB-TOKEN=the-token"},
		t.TempDir(), io.Discard)
	if err == nil || got.GitHubToken != "the-token" {
		t.Errorf("got %v and the token %q, want an error and the token", err, got.GitHubToken)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args         []string
		want, absent string
	}{
		"of running dbt":     {[]string{"--help"}, "--max-drop=VALUE, for example 5%", "--older-than"},
		"with one letter":    {[]string{"-h"}, "dbt-tally build --select state:modified+", "--older-than"},
		"without arguments":  {nil, "dbt-tally --max-drop 5% build", "--older-than"},
		"as a command":       {[]string{"help"}, "dbt-tally build --select state:modified+", "--older-than"},
		"help on a command":  {[]string{"help", "prune"}, "--older-than=VALUE, for example 180d", "--max-drop"},
		"of another command": {[]string{"prune", "--help"}, "--older-than=VALUE, for example 180d", "--max-drop"},
	} {
		var out strings.Builder
		_, err := Parse(test.args, nil, t.TempDir(), &out)
		text := out.String()
		if !errors.Is(err, ErrHelp) || !strings.Contains(text, test.want) || strings.Contains(text, test.absent) {
			t.Errorf("%s: got %v and\n%s", name, err, out.String())
		}
		for line := range strings.Lines(out.String()) {
			if len(strings.TrimRight(line, "\n")) > 100 {
				t.Errorf("%s: a line of %d characters: %s", name, len(line), line)
			}
		}
	}
	if _, err := Parse([]string{"--version"}, nil, t.TempDir(), io.Discard); !errors.Is(err, ErrVersion) {
		t.Errorf("--version: got %v, want %v", err, ErrVersion)
	}
}

func TestADirectoryWithItsFileIsAccepted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dbt_project.yml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Parse([]string{"--project-dir", ".", "build"}, nil, dir, io.Discard)
	if err != nil || got.ProjectDir != "." {
		t.Errorf("got %q, %v", got.ProjectDir, err)
	}
}

func TestEveryInputIsInTheHelpOfSomeCommand(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	for _, args := range [][]string{{"--help"}, {"report", "--help"}, {"history", "--help"}, {"publish", "--help"}, {"prune", "--help"}, {"install", "--help"}, {"cloud", "--help"}} {
		if _, err := Parse(args, nil, t.TempDir(), &help); !errors.Is(err, ErrHelp) {
			t.Fatalf("got error %v, want ErrHelp", err)
		}
	}
	for _, input := range Inputs() {
		onlyInAction := input.Name == "mode" || input.Name == "dbt-command"
		if strings.Contains(help.String(), "--"+input.Name) == onlyInAction {
			t.Errorf("--%s is in the help: %v", input.Name, !onlyInAction)
		}
	}
}

func TestCheckMeansAnotherThingToInstall(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	if _, err := Parse([]string{"install", "--help"}, nil, t.TempDir(), &help); !errors.Is(err, ErrHelp) {
		t.Fatal(err)
	}
	if !strings.Contains(help.String(), "--check[=true|false]") || strings.Contains(help.String(), "check run") {
		t.Errorf("the help of install is\n%s", &help)
	}
	action := []string{"GITHUB_ACTIONS=true", "INPUT_MODE=install"}
	for _, c := range []struct {
		args, environ []string
		only          bool
		problem       string
	}{
		{[]string{"install"}, nil, false, ""},
		{[]string{"install", "--check"}, nil, true, ""},
		{[]string{"install", "--check", "false"}, nil, false, ""},
		{nil, append(action, "INPUT_CHECK=off"), false, ""}, // the default in action.yml
		{nil, append(action, "INPUT_CHECK=true"), true, ""},
		{nil, append(action, "INPUT_CHECK=always"), false, `input "check": unusable value "always"; expected "true" or "false"`},
		{[]string{"--check=true", "build"}, nil, false, `input "check": unusable value "true"; expected "always"`},
	} {
		got, err := Parse(c.args, c.environ, t.TempDir(), io.Discard)
		if got.CheckOnly != c.only || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%q %q: %v, %v; want %v, %q", c.args, c.environ, got.CheckOnly, err, c.only, c.problem)
		}
	}
}

func TestATokenInTheWrongInputIsNotRepeated(t *testing.T) {
	t.Parallel()
	const token = "ghp_16C7e42F292c6912E7710c838347Ae178B4a"
	for name, args := range map[string][]string{
		"an input":            {"--comment", token, "build"},
		"a name":              {"--audit-table", `"` + token + `"`, "build"},
		"a gate":              {"--max-drop", token, "build"},
		"a number of threads": {"--threads=" + token, "build"},
		"an age":              {"prune", "--older-than", token},
		"a folder":            {"--project-dir", token, "build"},
		"a mode":              {"--mode", token},
		"a mode and another":  {"--mode", token, "report"},
		"an unknown flag":     {"--" + token, "build"},
		"an unknown flag's":   {"--tokn", token},
		"a flag of dbt's":     {"--vars", "{a: pa55w}", "build"},
		"more words":          {"report", token},
		"a URL's login":       {"--threads", "https://me:pa55w@host", "build"},
		"a variable":          {"--dbt-command", `build --vars '{password: pa55w}`},
		"more than a value":   {"--comment", strings.Repeat("a b ", 100), "build"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(args, nil, t.TempDir(), io.Discard)
			if err == nil {
				t.Fatal("no error")
			}
			for _, secret := range []string{token[5:], "pa55w", strings.Repeat("a b ", 20)} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q is in the message: %v", secret, err)
				}
			}
		})
	}
}

func TestInputsOfAShellHaveUnderscores(t *testing.T) {
	t.Parallel()
	got, err := Parse(nil, []string{"INPUT_DBT_COMMAND=run", "INPUT_COMMENT_KEY=prod"}, t.TempDir(), io.Discard)
	if err != nil || got.CommentKey != "prod" || len(got.Commands) != 1 || got.Commands[0][0] != "run" {
		t.Errorf("got %q, %q, %v", got.CommentKey, got.Commands, err)
	}
	_, err = Parse(nil, []string{"INPUT_MAX_DOP=5%"}, t.TempDir(), io.Discard)
	if err == nil || !strings.Contains(err.Error(), `"max-dop"`) {
		t.Errorf("got %v, want the unknown input", err)
	}
}

func TestATokenComesFromItsVariableToo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args, environ []string
		want          string
	}{
		"the variable": {[]string{"build"}, []string{"GITLAB_TOKEN= of-the-job \n"}, "of-the-job"},
		"an empty one": {[]string{"build"}, []string{"GITLAB_TOKEN="}, ""},
		"a flag wins":  {[]string{"--gitlab-token", "mine", "build"}, []string{"GITLAB_TOKEN=of-the-job"}, "mine"},
		"an input wins": {
			[]string{"build"}, []string{"INPUT_GITLAB-TOKEN=input", "GITLAB_TOKEN=of-the-job"}, "input",
		},
		"a command without use for it": {
			[]string{"prune", "--older-than", "180d"}, []string{"GITLAB_TOKEN=of-the-job"}, "of-the-job",
		},
	} {
		got, err := Parse(test.args, test.environ, t.TempDir(), io.Discard)
		if err != nil || got.GitLabToken != test.want {
			t.Errorf("%s: got %q, %v; want %q", name, got.GitLabToken, err, test.want)
		}
	}
}
