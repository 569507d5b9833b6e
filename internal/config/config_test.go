package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

const anInvocation = "0b5e6f6c-3f5e-4a44-9d2a-7c1f6ad2b9e1"

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	got, err := Parse(nil, nil, t.TempDir(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Mode:           Run,
		Commands:       [][]string{{"build"}},
		DBTExecutable:  "dbt",
		InstallDeps:    true,
		Hooks:          Inject,
		Audit:          Audit{Table: "dbt_audit_log"},
		Comment:        CommentAuto,
		CommentKey:     "default",
		ReviewComments: true,
		Summary:        true,
		Annotations:    true,
		Baseline:       Baseline{MaxAge: 7 * 24 * time.Hour},
		Limits:         tally.Limits{Axis: tally.AxisBoth, Severity: tally.SeverityError},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatTheUserAskedFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args, environ []string
		want          func(*Config)
	}{
		"a flag":                 {args: []string{"run", "--target", "ci"}, want: func(c *Config) { c.Target = "ci" }},
		"an input":               {environ: []string{"INPUT_COMMENT-KEY=shop / prod"}, want: func(c *Config) { c.CommentKey = "shop / prod" }},
		"a flag wins":            {args: []string{"--target=ci"}, environ: []string{"INPUT_TARGET=prod"}, want: func(c *Config) { c.Target = "ci" }},
		"an empty input is none": {environ: []string{"INPUT_HOOKS=", "INPUT_TARGET= "}, want: func(*Config) {}},
		"a toggle alone":         {args: []string{"--count-views", "run"}, want: func(c *Config) { c.CountViews = true }},
		"a toggle with a value":  {args: []string{"--summary=false"}, want: func(c *Config) { c.Summary = false }},
		"a toggle as an input":   {environ: []string{"INPUT_ANNOTATIONS=false"}, want: func(c *Config) { c.Annotations = false }},
		"dbt's own arguments": {
			args: []string{"--target", "ci", "--", "dbt", "build", "--select", "state:modified+"},
			want: func(c *Config) { c.Target = "ci"; c.Commands = [][]string{{"build", "--select", "state:modified+"}} },
		},
		"a mode as an input":       {environ: []string{"INPUT_MODE=report"}, want: func(c *Config) { c.Mode = Report }},
		"a command wins over that": {args: []string{"run"}, environ: []string{"INPUT_MODE=report"}, want: func(*Config) {}},
		"a report of what ran": {
			args: []string{"report", "--invocation", anInvocation},
			want: func(c *Config) { c.Mode = Report; c.Invocation = anInvocation },
		},
		"publishing": {
			environ: []string{"INPUT_MODE=publish", "INPUT_REPORT-DIR=dbt-tally", "INPUT_CHECK=true"},
			want:    func(c *Config) { c.Mode = Publish; c.ReportDir = "dbt-tally"; c.Check = true },
		},
		"pruning": {
			args: []string{"prune", "--older-than", "180d", "--dry-run"},
			want: func(c *Config) { c.Mode = Prune; c.OlderThan = 180 * 24 * time.Hour; c.DryRun = true },
		},
		"no baseline":              {args: []string{"--baseline=none"}, want: func(c *Config) { c.Baseline.Off = true }},
		"a branch to compare with": {args: []string{"--baseline=release/1.2"}, want: func(c *Config) { c.Baseline.Branch = "release/1.2" }},
		"a run to compare with":    {args: []string{"--baseline", anInvocation}, want: func(c *Config) { c.Baseline.RunID = anInvocation }},
		"where the baseline is": {
			args: []string{"--baseline-target=prod", "--baseline-database=db", "--baseline-schema=dbt audit", "--baseline-max-age=2w"},
			want: func(c *Config) {
				c.Baseline = Baseline{Target: "prod", Database: "db", Schema: "dbt audit", MaxAge: 14 * 24 * time.Hour}
			},
		},
		"gates": {
			environ: []string{
				"INPUT_MAX-DROP=5%", "INPUT_MAX-GROWTH=1000", "INPUT_MIN-ROWS=1", "INPUT_MAX-ROWS=2000000", "INPUT_FAIL-ON-EMPTY=true",
				"INPUT_FAIL-ON-UNUSUAL=true", "INPUT_GATE-AXIS=run", "INPUT_GATE-SEVERITY=warn", "INPUT_ISSUE=gates",
			},
			want: func(c *Config) {
				least, most := int64(1), int64(2_000_000)
				c.Limits = tally.Limits{
					MaxDrop: &tally.Limit{Amount: 5, Percent: true}, MaxGrowth: &tally.Limit{Amount: 1000}, MinRows: &least, MaxRows: &most,
					FailOnEmpty: true, FailOnUnusual: true, Axis: tally.AxisRun, Severity: tally.SeverityWarn,
				}
				c.Issue = true
			},
		},
		"several commands": {
			environ: []string{"INPUT_DBT-COMMAND=\n  dbt seed\n# data first\nrun --vars '{a: \"b c\"}' \\\n  --full-refresh\n\n"},
			want: func(c *Config) {
				c.Commands = [][]string{{"seed"}, {"run", "--vars", `{a: "b c"}`, "--full-refresh"}}
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			want, err := Parse(nil, nil, dir, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			test.want(&want)
			got, err := Parse(test.args, test.environ, dir, io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEveryMistakeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := Parse(
		[]string{"--comment", "allways", "--tagret", "ci", "--threads=many", "--project-dir", "nowhere", "seed"},
		[]string{
			"INPUT_DBT-COMMAND=build --select 'a\nrun", "INPUT_AUDIT_TABLE=x", "INPUT_COMMENT-KEY=<!-- a -->",
			"INPUT_SUMMARY=yes", "INPUT_AUDIT-TABLE=a\"b", "INPUT_QUITE-SOMETHING-ELSE=1",
		}, dir, io.Discard)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`input "comment": unusable value "allways"; want "auto", "changes", "gates" or "off"; see docs/inputs.md`,
		`flag "--tagret": unknown; did you mean "target"?; see docs/inputs.md`,
		`input "threads": unusable value "many"; want a whole number from 1 up; see docs/inputs.md`,
		`input "project-dir": no dbt_project.yml in "nowhere"; want the folder that holds it, relative to ` + dir + `; see docs/inputs.md`,
		`command "seed": unknown; want "run", "report", "publish" or "prune"; dbt's own arguments go behind --; see docs/inputs.md`,
		`input "dbt-command": unusable value "build --select 'a"; want one dbt command a line, with its quotes closed; see docs/inputs.md`,
		`input "audit_table": unknown; did you mean "audit-table"?; see docs/inputs.md`,
		`input "comment-key": unusable value "<!-- a -->"; want 1 to 100 letters, digits, spaces and . _ / : -; see docs/inputs.md`,
		`input "summary": unusable value "yes"; want "true" or "false"; see docs/inputs.md`,
		`input "audit-table": unusable value "a\"b"; want a plain name without quotes or line breaks; see docs/inputs.md`,
		`input "quite-something-else": unknown; want one of mode, dbt-command, project-dir`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s\nin: %s", want, err)
		}
	}
	if got := strings.Count(err.Error(), "; see docs/inputs.md"); got != 11 {
		t.Errorf("%d problems told, want 11:\n%s", got, err)
	}
}

func TestWhatCantBeMeant(t *testing.T) {
	t.Parallel()
	const duration = "want a number of hours, days or weeks, such as 36h, 7d or 2w; see docs/inputs.md"
	tests := map[string]struct {
		args []string
		want string
	}{
		"a gate of nonsense": {
			[]string{"--max-drop", "5 %%", "--max-growth=-3", "--min-rows=abc", "--max-rows=5%"},
			`input "max-drop": unusable value "5 %%"; expected a whole number of rows or a percentage, such as 100 or 5%; see docs/gates.md
input "max-growth": unusable value "-3"; expected a whole number of rows or a percentage, such as 100 or 5%; see docs/gates.md
input "min-rows": unusable value "abc"; expected a whole number from 0 up; see docs/gates.md
input "max-rows": unusable value "5%"; expected a whole number from 0 up; see docs/gates.md`,
		},
		"min above max":               {[]string{"--min-rows=10", "--max-rows=5"}, "min-rows 10 is above max-rows 5; lower min-rows or raise max-rows; see docs/gates.md"},
		"an axis without a baseline":  {[]string{"--baseline=none", "--gate-axis=baseline"}, `input "gate-axis": "baseline" with baseline "none"; want "run", or a baseline; see docs/gates.md`},
		"unusual without a history":   {[]string{"--baseline=none", "--fail-on-unusual"}, `input "fail-on-unusual": given with baseline "none"; want earlier runs to tell from; see docs/gates.md`},
		"no branch's name":            {[]string{"--baseline=ma in"}, `input "baseline": unusable value "ma in"; want "auto", "none", a branch, or a dbt invocation_id; see docs/inputs.md`},
		"no schema's name":            {[]string{"--baseline-schema=a\"b"}, `input "baseline-schema": unusable value "a\"b"; want a plain name without quotes or line breaks; see docs/inputs.md`},
		"no database's name":          {[]string{"--baseline-database=a\"b"}, `input "baseline-database": unusable value "a\"b"; want a plain name without quotes or line breaks; see docs/inputs.md`},
		"an age without a unit":       {[]string{"--baseline-max-age=7"}, `input "baseline-max-age": unusable value "7"; ` + duration},
		"no age at all":               {[]string{"--baseline-max-age=0d"}, `input "baseline-max-age": unusable value "0d"; ` + duration},
		"an age beyond all bounds":    {[]string{"--baseline-max-age=99999w"}, `input "baseline-max-age": unusable value "99999w"; ` + duration},
		"pruning without an age":      {[]string{"prune"}, `input "older-than": missing; want an age of a day or more, such as 180d; see docs/inputs.md`},
		"pruning today's rows":        {[]string{"prune", "--older-than=23h"}, `input "older-than": unusable value "23h"; want an age of a day or more, such as 180d; see docs/inputs.md`},
		"pruning nonsense":            {[]string{"prune", "--older-than=old"}, `input "older-than": unusable value "old"; want an age of a day or more, such as 180d; see docs/inputs.md`},
		"no invocation's ID":          {[]string{"report", "--invocation=7"}, `input "invocation": unusable value "7"; want dbt's invocation_id; see docs/inputs.md`},
		"a report with dbt arguments": {[]string{"report", "--", "build"}, `mode "report": dbt's own arguments given behind --; want none, dbt builds nothing here; see docs/inputs.md`},
		"no mode":                     {[]string{"--mode=post"}, `input "mode": unusable value "post"; want "run", "report", "publish" or "prune"; see docs/inputs.md`},
		"publishing from nowhere":     {[]string{"publish"}, `input "report-dir": missing; want the folder that report.json was downloaded to; see docs/permissions.md`},
		"inputs of another mode": {
			[]string{"--older-than=180d", "--dry-run", "--invocation", anInvocation},
			`input "older-than": given with mode "run"; want mode "prune" with it; see docs/inputs.md
input "dry-run": given with mode "run"; want mode "prune" with it; see docs/inputs.md
input "invocation": given with mode "run"; want mode "report" with it; see docs/inputs.md`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse(test.args, nil, t.TempDir(), io.Discard)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestProblemsComeInTheOrderOfTheDocs(t *testing.T) {
	t.Parallel()
	inputs := []string{"audit-database", "audit-schema", "baseline-database", "baseline-schema", "audit-table"}
	var args []string
	for _, input := range slices.Backward(inputs) {
		args = append(args, "--"+input+`=a"b`)
	}
	for range 20 { // Go's order of a map is another one each time
		_, err := Parse(args, nil, t.TempDir(), io.Discard)
		if err == nil {
			t.Fatal("no error")
		}
		var got []string
		for line := range strings.Lines(err.Error()) {
			got = append(got, strings.Split(line, `"`)[1])
		}
		if diff := cmp.Diff(inputs, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	}
}

func TestAFolderThatHoldsItsFileIsTaken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dbt_project.yml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := Parse([]string{"--project-dir", "."}, nil, dir, io.Discard)
	if err != nil || got.ProjectDir != "." {
		t.Errorf("got %q, %v", got.ProjectDir, err)
	}
}

func TestHelpNamesEveryInput(t *testing.T) {
	t.Parallel()
	var help strings.Builder
	if _, err := Parse([]string{"--help"}, nil, t.TempDir(), &help); !errors.Is(err, ErrHelp) {
		t.Fatalf("got error %v, want ErrHelp", err)
	}
	for _, input := range Inputs() {
		if !strings.Contains(help.String(), "--"+input.Name) {
			t.Errorf("--help does not name --%s", input.Name)
		}
	}
}
