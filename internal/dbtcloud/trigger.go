package dbtcloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// Request is what a run is triggered with. A zero field is the job's own setting.
type Request struct {
	Cause        string   `json:"cause"`
	GitSHA       string   `json:"git_sha,omitzero"`
	GitBranch    string   `json:"git_branch,omitzero"`
	Schema       string   `json:"schema_override,omitzero"`
	Steps        []string `json:"steps_override,omitempty"`
	GenerateDocs *bool    `json:"generate_docs_override,omitzero"`
	Timeout      int64    `json:"timeout_seconds_override,omitzero"`
	GitHubPull   int64    `json:"github_pull_request_id,omitzero"`
	GitLabMerge  int64    `json:"gitlab_merge_request_id,omitzero"`
}

// Trigger starts one run of a job. If the answer is lost, it looks for the run by a mark in
// its cause before it sends the request again, so that no run is started twice.
func (c Client) Trigger(ctx context.Context, job int64, r Request) (Run, error) {
	mark := "dbt-tally " + uuid.NewString()[:13]
	r.Cause = fmt.Sprintf("%s (%s)", r.Cause, mark)
	var run Run
	err := c.again(ctx, tries, mayTryAgain, func() error {
		// An interrupt does not end the request: the run would go on unnoticed.
		request := context.WithoutCancel(ctx)
		var answer envelope[Run]
		err := c.once(request, http.MethodPost, c.path("jobs/%d/run/", job), r, func(body io.Reader) error {
			return json.UnmarshalRead(body, &answer, lenient...)
		})
		run = answer.Data
		if err == nil || notCarriedOut(err) {
			return err
		}
		found, lost := c.findMarked(request, job, mark)
		if lost != nil {
			return errors.Join(err, errUnknown)
		}
		if found.ID != 0 {
			run, err = found, nil
		}
		return err
	})
	if err != nil {
		return Run{}, fmt.Errorf("trigger job %d: %w", job, err)
	}
	return run, nil
}

// errUnknown means that a run may have been started.
var errUnknown = errors.New("whether a run was started is not known; look at the job's page before you repeat this")

// mayTryAgain reports whether no run was started and the next request may succeed.
func mayTryAgain(err error) bool { return worthRepeating(err) && !errors.Is(err, errUnknown) }

// notCarriedOut reports whether dbt Cloud did not get the request, or refused it.
func notCarriedOut(err error) bool {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.status < http.StatusInternalServerError
	}
	var dial *net.OpError
	return untrusted(err) || errors.As(err, &dial) && dial.Op == "dial"
}

// findMarked looks for the run with a mark in its cause. A new run may appear with a
// delay, so it looks several times.
func (c Client) findMarked(ctx context.Context, job int64, mark string) (Run, error) {
	for look := range 3 {
		runs, err := c.Runs(ctx, Query{Job: job, Limit: 50})
		if err != nil {
			return Run{}, err
		}
		for _, run := range runs {
			if strings.Contains(run.Trigger.Cause, mark) {
				return run, nil
			}
		}
		// Any of the newest runs without a cause may be the one.
		if len(runs) > 0 && runs[0].Trigger.Cause == "" {
			return Run{}, errUnknown
		}
		if err := c.Pause(ctx, pause(nil, look)); err != nil {
			return Run{}, err
		}
	}
	return Run{}, nil
}
