package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// refuseStrangers keeps dbt from running a stranger's code: a job of
// pull_request_target has the repository's secrets and a token that may write,
// and macros, hooks and profiles are code. The one checkout that is known to hold
// none of the pull request's is the event's own commit; what can't be told is
// refused. https://securitylab.github.com/resources/github-actions-preventing-pwn-requests/
func (s *story) refuseStrangers() error {
	if s.event.Name != "pull_request_target" || s.cfg.AllowPullRequestTarget {
		return nil
	}
	commit, err := checkedOut(s.project.Dir)
	found := "is at commit " + commit
	switch {
	case err != nil:
		found = fmt.Sprintf("can't be told to be at any commit (%v)", err)
	case commit == s.event.SHA:
		return nil
	}
	return fmt.Errorf(`event "pull_request_target": the checkout of %s %s, not at the event's own %s, so dbt could run a stranger's code with the job's secrets; want on: pull_request, the checkout without a ref, or allow-pull-request-target: true; see docs/permissions.md`,
		s.project.Dir, found, s.event.SHA)
}

// checkedOut returns the commit of the Git checkout that a folder is in. It reads
// files instead of asking git, which does as the checkout's configuration says.
func checkedOut(dir string) (string, error) {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	git := filepath.Join(dir, ".git")
	if _, err := os.Lstat(git); errors.Is(err, fs.ErrNotExist) {
		if parent := filepath.Dir(dir); parent != dir {
			return checkedOut(parent)
		}
		return "", errors.New("it is in no Git checkout")
	}
	head, err := os.ReadFile(filepath.Join(git, "HEAD"))
	if err != nil {
		return "", err
	}
	text := strings.TrimSpace(string(head))
	ref, isRef := strings.CutPrefix(text, "ref: ")
	if !isRef {
		return text, nil
	}
	if !filepath.IsLocal(ref) {
		return "", fmt.Errorf("its HEAD is the unusual %q", ref)
	}
	commit, err := os.ReadFile(filepath.Join(git, ref))
	return strings.TrimSpace(string(commit)), err
}
