package main

import (
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
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

// A tag can be moved to other code; a commit cannot. RELEASING.md lists the pins, because
// they were written without access to GitHub.
func TestActionsArePinnedByCommit(t *testing.T) {
	t.Parallel()
	releasing := string(read(t, "RELEASING.md"))
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
			pin := pinned.FindStringSubmatch(match[1] + match[2])
			if pin == nil {
				t.Errorf("%s: %s%s; want a commit, and its version as a comment", name, match[1], match[2])
			} else if !strings.Contains(releasing, pin[1]) || !strings.Contains(releasing, pin[2]) {
				t.Errorf("%s: RELEASING.md does not list %s %s", name, match[1], pin[2])
			}
		}
	}
}

const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// releasable returns a repository that can be released as 1.2.3, and its origin.
func releasable(t *testing.T) (dir, origin string) {
	t.Helper()
	dir, origin = t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "scripts"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"scripts/release.sh": string(read(t, "scripts/release.sh")),
		"action.yml":         string(read(t, "action.yml")),
		"CHANGELOG.md":       "# Changelog\n\n## [1.2.3]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	git(t, origin, "init", "--quiet", "--bare")
	git(t, dir, "init", "--quiet")
	git(t, dir, "remote", "add", "origin", origin)
	git(t, dir, "add", "--all")
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t", "commit", "--quiet", "--message", "first")
	return dir, origin
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %q: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func release(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "scripts", "release.sh"), args...).CombinedOutput()
	return string(out), err
}

func TestAReleaseNamesItsImageByDigest(t *testing.T) {
	t.Parallel()
	dir, origin := releasable(t)
	main := git(t, dir, "rev-parse", "HEAD")
	if out, err := release(t, dir, "tag", "1.2.3", "registry.test/dbt-tally", digest); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"v1.2.3", "v1"} {
		action := git(t, origin, "show", name+":action.yml")
		if want := "image: docker://registry.test/dbt-tally@" + digest; !strings.HasSuffix(action, want) {
			t.Errorf("%s: action.yml does not end with %q:\n%s", name, want, action)
		}
		if parent := git(t, origin, "rev-parse", name+"^"); parent != main {
			t.Errorf("%s comes after %s; want main's commit", name, parent)
		}
	}
}

func TestTheGuardKnowsTheImageOfARelease(t *testing.T) {
	t.Parallel()
	dir, _ := releasable(t)
	if out, err := release(t, dir, "tag", "1.2.3", "registry.test/dbt-tally", digest); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	other := strings.Replace(digest, "9f", "00", 1)
	for name, c := range map[string]struct {
		ref, image, digest string
		want               string // of the refusal; "": none
	}{
		"its own":        {"v1.2.3", "registry.test/dbt-tally", digest, ""},
		"the major's":    {"v1", "registry.test/dbt-tally", digest, ""},
		"another digest": {"v1.2.3", "registry.test/dbt-tally", other, "expected"},
		"another image":  {"v1.2.3", "registry.test/dbt", digest, "expected"},
		"main's":         {"v1.2.3^", "registry.test/dbt-tally", digest, "image: Dockerfile"},
	} {
		if out, err := release(t, dir, "guard", c.ref, c.image,
			c.digest); (err != nil) != (c.want != "") || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v, %q; want %q", name, err, out, c.want)
		}
	}
}

// An action.yml with a second image creates no tag, neither here nor at the origin.
func TestTheGuardDecidesWhetherATagIsCreated(t *testing.T) {
	t.Parallel()
	dir, origin := releasable(t)
	action := filepath.Join(dir, "action.yml")
	text := string(read(t, "action.yml")) + "  image: docker://registry.test/other\n"
	if err := os.WriteFile(action, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "-c", "user.name=t", "-c", "user.email=t", "commit", "--quiet", "--all", "--message", "second")
	if out, err := release(t, dir, "tag", "1.2.3", "registry.test/dbt-tally",
		digest); err == nil || !strings.Contains(out, "registry.test/other") {
		t.Errorf("%v, %q; want a refusal that names the other image", err, out)
	}
	if tags := git(t, dir, "tag") + git(t, origin, "tag"); tags != "" {
		t.Errorf("tags %q; want none", tags)
	}
}

func TestInvalidReleasesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no version":        {[]string{"check", "v1"}, "invalid version"},
		"no section":        {[]string{"check", "1.2.4"}, "has no section"},
		"no digest":         {[]string{"tag", "1.2.3", "registry.test/dbt-tally", "latest"}, "digest"},
		"released already":  {[]string{"check", "1.2.3"}, "already released"},
		"from a release":    {[]string{"check", "1.2.3"}, "already a release"},
		"not known command": {[]string{"undo"}, "unknown command"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, _ := releasable(t)
			switch name {
			case "released already":
				git(t, dir, "tag", "v1.2.3")
			case "from a release":
				if out, err := release(t, dir, "tag", "1.2.3", "registry.test/dbt-tally", digest); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
			}
			if out, err := release(t, dir, c.args...); err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%v, %q; want a refusal with %q", err, out, c.want)
			}
		})
	}
}
