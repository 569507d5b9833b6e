package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const digest = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// releasable returns a clone of main that can be released as 1.2.3, and its origin.
func releasable(t *testing.T) (dir, origin string) {
	t.Helper()
	dir, origin = t.TempDir(), t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "scripts"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"scripts/release.sh": string(read(t, "scripts/release.sh")),
		"action.yml":         string(read(t, "action.yml")),
		"CHANGELOG.md":       "# Changelog\n\n## [1.2.3]\n\n## [1.2.4]\n\n## [1.10.0]\n\n## [2.0.0]\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	git(t, origin, "init", "--quiet", "--bare", "--initial-branch", "main")
	git(t, dir, "init", "--quiet", "--initial-branch", "main")
	git(t, dir, "config", "user.name", "t")
	git(t, dir, "config", "user.email", "t")
	git(t, dir, "remote", "add", "origin", origin)
	commit(t, dir, "first")
	git(t, dir, "push", "--quiet", "origin", "main")
	return dir, origin
}

func commit(t *testing.T, dir, message string) {
	t.Helper()
	git(t, dir, "add", "--all")
	git(t, dir, "commit", "--quiet", "--message", message)
}

// released releases main as a version, as the workflow does, and returns to main.
func released(t *testing.T, dir, version string) {
	t.Helper()
	if out, err := release(t, dir, "check", version); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := release(t, dir, "tag", version, "registry.test/dbt-tally", digest); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	git(t, dir, "checkout", "--quiet", "main")
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
	released(t, dir, "1.2.3")
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
	released(t, dir, "1.2.3")
	git(t, dir, "fetch", "--quiet", "--tags", "origin")
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
	commit(t, dir, "second")
	git(t, dir, "push", "--quiet", "origin", "main")
	if out, err := release(t, dir, "tag", "1.2.3", "registry.test/dbt-tally",
		digest); err == nil || !strings.Contains(out, "registry.test/other") {
		t.Errorf("%v, %q; want a refusal that names the other image", err, out)
	}
	if tags := git(t, dir, "tag") + git(t, origin, "tag"); tags != "" {
		t.Errorf("tags %q; want none", tags)
	}
}

// The major version's tag follows the newest release, and only main's newest commit is
// released: a push to main between the check and the tag does not prevent the release.
func TestAReleaseFollowsAnother(t *testing.T) {
	t.Parallel()
	dir, origin := releasable(t)
	released(t, dir, "1.2.3")
	if out, err := release(t, dir, "check", "1.10.0"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	other := t.TempDir()
	git(t, other, "clone", "--quiet", origin, ".")
	git(t, other, "-c", "user.name=t", "-c", "user.email=t", "commit", "--quiet", "--allow-empty", "--message", "meanwhile")
	git(t, other, "push", "--quiet", "origin", "main")
	if out, err := release(t, dir, "tag", "1.10.0", "registry.test/dbt-tally", digest); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if major, newest := git(t, origin, "rev-parse", "v1"), git(t, origin, "rev-parse", "v1.10.0"); major != newest {
		t.Errorf("v1 is %s; want v1.10.0's %s", major, newest)
	}
	git(t, dir, "checkout", "--quiet", "main")
	git(t, dir, "pull", "--quiet", "origin", "main")
	released(t, dir, "2.0.0")
	if major, old := git(t, origin, "rev-parse", "v1"), git(t, origin, "rev-parse", "v1.10.0"); major != old {
		t.Errorf("2.0.0 moved v1 to %s; want v1.10.0's %s", major, old)
	}
}

func TestInvalidReleasesAreRefused(t *testing.T) {
	t.Parallel()
	tagged := func(version string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { released(t, dir, version) }
	}
	write := func(name, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		before func(t *testing.T, dir string)
		args   []string
		want   string // of the refusal
	}{
		"no command":            {nil, nil, "wrong arguments: none; expected check VERSION"},
		"unknown command":       {nil, []string{"undo", "1.2.3"}, "wrong arguments: undo 1.2.3"},
		"no version":            {nil, []string{"check"}, "wrong arguments: check"},
		"too few arguments":     {nil, []string{"tag", "1.2.3"}, "wrong arguments: tag 1.2.3"},
		"not a version":         {nil, []string{"check", "v1"}, "invalid version"},
		"not a version, tagged": {nil, []string{"tag", "01.2.3", "registry.test/dbt-tally", digest}, "invalid version"},
		"no section":            {nil, []string{"check", "1.2.5"}, "has no section"},
		"no digest":             {nil, []string{"tag", "1.2.3", "registry.test/dbt-tally", "latest"}, "digest"},
		"released already":      {tagged("1.2.3"), []string{"check", "1.2.3"}, "v1.2.3 is already released"},
		"older":                 {tagged("1.10.0"), []string{"check", "1.2.4"}, "v1.10.0 is already released; use a version after it"},
		"older, tagged":         {tagged("1.10.0"), []string{"tag", "1.2.4", "registry.test/dbt-tally", digest}, "use a version after it"},
		"older major version":   {tagged("2.0.0"), []string{"check", "1.10.0"}, "use a version after it"},
		"from a release": {func(t *testing.T, dir string) {
			released(t, dir, "1.2.3")
			git(t, dir, "fetch", "--quiet", "--tags", "origin")
			git(t, dir, "checkout", "--quiet", "v1.2.3")
		}, []string{"check", "1.2.4"}, "already a release"},
		"changed checkout":         {write("action.yml", "  image: Dockerfile\n"), []string{"check", "1.2.3"}, "the checkout has changes"},
		"changed checkout, tagged": {write("new", ""), []string{"tag", "1.2.3", "registry.test/dbt-tally", digest}, "the checkout has changes"},
		"a branch": {func(t *testing.T, dir string) {
			git(t, dir, "commit", "--quiet", "--allow-empty", "--message", "mine")
		}, []string{"check", "1.2.3"}, "not the newest commit of origin/main"},
		"a branch, tagged": {func(t *testing.T, dir string) {
			git(t, dir, "commit", "--quiet", "--allow-empty", "--message", "mine")
		}, []string{"tag", "1.2.3", "registry.test/dbt-tally", digest}, "not a commit of origin/main"},
		"an older commit": {func(t *testing.T, dir string) {
			git(t, dir, "commit", "--quiet", "--allow-empty", "--message", "newer")
			git(t, dir, "push", "--quiet", "origin", "main")
			git(t, dir, "checkout", "--quiet", "--detach", "HEAD^")
		}, []string{"check", "1.2.3"}, "not the newest commit of origin/main"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, origin := releasable(t)
			if c.before != nil {
				c.before(t, dir)
			}
			tags := git(t, origin, "tag")
			if out, err := release(t, dir, c.args...); err == nil || !strings.Contains(out, c.want) {
				t.Errorf("%v, %q; want a refusal with %q", err, out, c.want)
			}
			if now := git(t, origin, "tag"); now != tags {
				t.Errorf("the refused release left the tags %q", now)
			}
		})
	}
}

// The script reports all problems at once.
func TestAllProblemsOfAReleaseAreReported(t *testing.T) {
	t.Parallel()
	dir, _ := releasable(t)
	git(t, dir, "commit", "--quiet", "--allow-empty", "--message", "mine")
	if err := os.WriteFile(filepath.Join(dir, "new"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := release(t, dir, "check", "1.2.5")
	if err == nil || strings.Count(out, "release: ") != 3 {
		t.Errorf("%v, %q; want three problems", err, out)
	}
}
