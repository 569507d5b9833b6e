package main

import (
	"io"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v3"
)

// lintWorkflow returns actionlint's findings. Our action is treated as this repository's,
// so that its inputs and outputs are checked too.
func lintWorkflow(t *testing.T, name, text string) {
	t.Helper()
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	project, err := actionlint.NewProject(dir)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`uses: dbt-tally/dbt-tally@\w+`).ReplaceAllString(text, "uses: ./")
	problems, err := linter.Lint(name, []byte(text), project)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range problems {
		t.Errorf("%s:%d: %s", name, problem.Line, problem.Message)
	}
}

// workflow contains the parts of a workflow that these tests read.
type workflow struct {
	Permissions map[string]string
	Concurrency any
	Jobs        map[string]struct {
		Permissions map[string]string
		Timeout     int `yaml:"timeout-minutes"`
		Uses        string
	}
}

// workflows returns our workflows and those in the documentation, by name.
func workflows(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for _, name := range tracked(t) {
		if in := path.Dir(name); in == ".github/workflows" || in == "docs/examples" &&
			path.Base(name) != "gitlab-ci.yml" && path.Ext(name) == ".yml" {
			texts[name] = string(read(t, name))
		}
	}
	if len(texts) == 0 {
		t.Fatal("there are no workflows")
	}
	return texts
}

func TestWorkflowsAreValid(t *testing.T) {
	t.Parallel()
	for name, text := range workflows(t) {
		lintWorkflow(t, name, text)
	}
}

func TestWorkflowsGrantAndTakeLittle(t *testing.T) {
	t.Parallel()
	for name, text := range workflows(t) {
		var w workflow
		if err := yaml.Unmarshal([]byte(text), &w); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if w.Permissions == nil || len(w.Permissions) > 0 {
			t.Errorf("%s: permissions %v; want {}, and grants in the jobs", name, w.Permissions)
		}
		if w.Concurrency == nil {
			t.Errorf("%s: no concurrency", name)
		}
		for job, j := range w.Jobs {
			if j.Permissions == nil || j.Timeout == 0 {
				t.Errorf("%s: job %s: permissions %v, timeout-minutes %d; want both", name, job, j.Permissions, j.Timeout)
			}
		}
	}
}

// A tag can be moved to other code; a commit cannot.
func TestActionsArePinnedByCommit(t *testing.T) {
	t.Parallel()
	uses := regexp.MustCompile(`(?m)^\s*-?\s*uses: (\S+)(.*)$`)
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)$`)
	for name, text := range workflows(t) {
		if path.Dir(name) != ".github/workflows" {
			continue
		}
		for _, match := range uses.FindAllStringSubmatch(text, -1) {
			if match[1] == "./" {
				continue
			}
			if !pinned.MatchString(match[1] + match[2]) {
				t.Errorf("%s: %s%s; want a commit, and its version as a comment", name, match[1], match[2])
			}
		}
	}
}

// Each example has a story of two runs: main and a pull request, or two nights.
func TestEachExampleHasAStory(t *testing.T) {
	t.Parallel()
	var stories strings.Builder
	for _, name := range tracked(t) {
		if path.Ext(name) == ".txtar" {
			stories.Write(read(t, name))
		}
	}
	for _, name := range tracked(t) {
		if path.Dir(name) == "docs/examples" && !strings.Contains(stories.String(), "$ROOT/"+name) {
			t.Errorf("no story uses %s", name)
		}
	}
}
