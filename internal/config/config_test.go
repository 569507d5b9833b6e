package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreTheDocumentedOnes(t *testing.T) {
	t.Parallel()
	got, err := Parse(nil, nil, t.TempDir(), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Commands:      [][]string{{"build"}},
		DBTExecutable: "dbt",
		InstallDeps:   true,
		Hooks:         Inject,
		Audit:         Audit{Table: "dbt_audit_log"},
		Comment:       CommentAuto,
		CommentKey:    "default",
		Summary:       true,
		Annotations:   true,
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
		[]string{"--comment", "allways", "--tagret", "ci", "--threads=many", "--project-dir", "nowhere", "report"},
		[]string{
			"INPUT_DBT-COMMAND=build --select 'a\nrun", "INPUT_AUDIT_TABLE=x", "INPUT_COMMENT-KEY=<!-- a -->",
			"INPUT_SUMMARY=yes", "INPUT_AUDIT-TABLE=a\"b", "INPUT_QUITE-SOMETHING-ELSE=1",
		}, dir, io.Discard)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`input "comment": unusable value "allways"; want "auto", "changes" or "off"; see docs/inputs.md`,
		`flag "--tagret": unknown; did you mean "target"?; see docs/inputs.md`,
		`input "threads": unusable value "many"; want a whole number from 1 up; see docs/inputs.md`,
		`input "project-dir": no dbt_project.yml in "nowhere"; want the folder that holds it, relative to ` + dir + `; see docs/inputs.md`,
		`command "report": unknown; want "run"; dbt's own arguments go behind --; see docs/inputs.md`,
		`input "dbt-command": unusable value "build --select 'a"; want one dbt command a line, with its quotes closed; see docs/inputs.md`,
		`input "audit_table": unknown; did you mean "audit-table"?; see docs/inputs.md`,
		`input "comment-key": unusable value "<!-- a -->"; want 1 to 100 letters, digits, spaces and . _ / : -; see docs/inputs.md`,
		`input "summary": unusable value "yes"; want "true" or "false"; see docs/inputs.md`,
		`input "audit-table": unusable value "a\"b"; want a plain name without quotes or line breaks; see docs/inputs.md`,
		`input "quite-something-else": unknown; want one of dbt-command, project-dir`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("missing: %s\nin: %s", want, err)
		}
	}
	if got := strings.Count(err.Error(), "; see docs/inputs.md"); got != 11 {
		t.Errorf("%d problems told, want 11:\n%s", got, err)
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
