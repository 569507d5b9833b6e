package workspace

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// git runs git in a directory, without the user's configuration.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func TestTheCheckoutIsReadAsGitReadsIt(t *testing.T) {
	t.Parallel()
	repository := t.TempDir()
	git(t, repository, "init", "-q", "-b", "main")
	git(t, repository, "commit", "-q", "--allow-empty", "-m", "one")
	first := git(t, repository, "rev-parse", "HEAD")
	git(t, repository, "checkout", "-q", "-b", "feature/orders")
	git(t, repository, "commit", "-q", "--allow-empty", "-m", "two")
	second := git(t, repository, "rev-parse", "HEAD")
	project := filepath.Join(repository, "shop")
	if err := os.Mkdir(project, 0o755); err != nil {
		t.Fatal(err)
	}
	check := func(name, dir, wantBranch, wantCommit string) {
		t.Helper()
		branch, commit := Branch(dir)
		if branch != wantBranch || commit != wantCommit {
			t.Errorf("%s: got %q at %q, want %q at %q", name, branch, commit, wantBranch, wantCommit)
		}
		if commit, err := Commit(dir); err != nil || commit != wantCommit {
			t.Errorf("%s: got %q, %v; want the commit %s", name, commit, err, wantCommit)
		}
	}
	check("a branch", project, "feature/orders", second)
	git(t, repository, "pack-refs", "--all")
	check("packed refs", project, "feature/orders", second)
	worktree := filepath.Join(t.TempDir(), "worktree")
	git(t, repository, "worktree", "add", "-q", worktree, "main")
	check("a worktree", worktree, "main", first)
	git(t, repository, "checkout", "-q", "--detach", first)
	check("a detached HEAD", project, "", first)

	if branch, commit := Branch(t.TempDir()); branch != "" || commit != "" {
		t.Errorf("outside of a checkout: got %q at %q", branch, commit)
	}
	if err := os.WriteFile(filepath.Join(repository, ".git", "HEAD"), []byte("ref: ../../etc/passwd\n"),
		0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Commit(project); err == nil || !strings.Contains(err.Error(), "not a commit or a branch") {
		t.Errorf("a HEAD that points outside: got %v, want an error", err)
	}
}
