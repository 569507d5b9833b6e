package surface

import (
	"context"
	"fmt"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/forge"
)

// pullRequest is the pull request that the comment and the review comments share. It is
// looked up once. If that fails, only the first of them reports the failure.
type pullRequest struct {
	find   func(ctx context.Context) (number int, err error)
	number int
	failed bool // the lookup failed

	// unreachable means that the review comments would fail in the same way as the
	// comment did, after an equally long wait.
	unreachable bool
}

// get returns the number. The error is errReported if an earlier call failed.
func (p *pullRequest) get(ctx context.Context) (int, error) {
	if p.failed {
		return 0, errReported
	}
	if p.number != 0 {
		return p.number, nil
	}
	number, err := p.find(ctx)
	p.number, p.failed = number, err != nil
	return number, err
}

// finder finds the open pull request of a branch.
type finder interface {
	OpenPullRequest(ctx context.Context, head forge.Head) (number int, ok bool, err error)
}

// findPullRequest returns the pull request that the event is about or, for a push,
// the open one of the pushed branch. A workflow_run event is about the pull request
// of the run before it. If there is none, the error is the one given.
func findPullRequest(ctx context.Context, from finder, event ci.Event, none error) (int, error) {
	if event.PullRequest != 0 {
		return event.PullRequest, nil
	}
	var head forge.Head
	switch {
	case event.Upstream != nil:
		run := event.Upstream
		head = forge.Head{Repository: run.HeadRepository, Branch: run.HeadBranch, SHA: run.HeadSHA}
	case event.Name == "push":
		head = forge.Head{Repository: event.Repository, Branch: event.HeadRef, SHA: event.HeadSHA}
	default:
		return 0, none
	}
	number, ok, err := from.OpenPullRequest(ctx, head)
	switch {
	case err != nil:
		return 0, err
	case !ok && event.Upstream != nil:
		return 0, fmt.Errorf("%w: branch %q of %q has no open one at commit %s",
			none, head.Branch, head.Repository, head.SHA)
	case !ok:
		return 0, none
	}
	return number, nil
}
