// Package dbtcloud is a client of dbt Cloud's Administrative API, version 2: it triggers
// runs of a job, finds and follows them, cancels them, and reads their logs and artifacts.
// It does not interpret what dbt printed.
// The types follow https://github.com/dbt-labs/dbt-cloud-openapi-spec (openapi-v2.yaml).
package dbtcloud

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"
)

// Client reaches one account. Set its fields before the first call and do not change them
// later.
type Client struct {
	HTTP    *http.Client
	Host    string // the account's access URL, such as https://cloud.getdbt.com
	Account int64
	Token   string
	// Sleep waits, or returns the context's error. Nil is the real clock.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Status is the state of a run or of a step.
type Status int

// The states. A run that is complete keeps its state.
const (
	Queued    Status = 1
	Starting  Status = 2
	Running   Status = 3
	Success   Status = 10
	Error     Status = 20
	Cancelled Status = 30
)

// Complete reports whether the state is final.
func (s Status) Complete() bool { return s >= Success }

// String returns the state in words.
func (s Status) String() string {
	words := map[Status]string{
		Queued: "queued", Starting: "starting", Running: "running",
		Success: "success", Error: "error", Cancelled: "cancelled",
	}
	if word, ok := words[s]; ok {
		return word
	}
	return fmt.Sprintf("status %d", int(s))
}

// Run is one run of a job.
type Run struct {
	ID        int64      `json:"id"`
	Job       int64      `json:"job_definition_id"`
	Project   int64      `json:"project_id"`
	Status    Status     `json:"status"`
	Message   string     `json:"status_message"` // why it ended, "" if dbt Cloud does not say
	GitBranch string     `json:"git_branch"`
	GitSHA    string     `json:"git_sha"`
	URL       string     `json:"href"`
	Created   Time       `json:"created_at"`
	Started   Time       `json:"started_at"`
	Finished  Time       `json:"finished_at"`
	Trigger   RunTrigger `json:"trigger"`
	Steps     []Step     `json:"run_steps"` // only if the run was read with them
}

// RunTrigger is what started a run.
type RunTrigger struct {
	Cause       string `json:"cause"`
	GitHubPull  int64  `json:"github_pull_request_id"` // 0: none
	GitLabMerge int64  `json:"gitlab_merge_request_id"`
	AzurePull   int64  `json:"azure_pull_request_id"`
	OtherPull   int64  `json:"non_native_pull_request_id"`
	Schema      string `json:"schema_override"`
}

// Pull reports whether the run is about a pull request.
func (t RunTrigger) Pull() bool {
	return t.GitHubPull != 0 || t.GitLabMerge != 0 || t.AzurePull != 0 || t.OtherPull != 0
}

// Step is one step of a run. The first ones prepare it, the others are dbt commands.
type Step struct {
	Index  int    `json:"index"` // from 1
	Name   string `json:"name"`  // such as: Invoke dbt with `dbt build`
	Status Status `json:"status"`
	Logs   string `json:"logs"` // dbt's output
}

// Time is a time of the API: RFC 3339 or, as some answers have it, with a space and
// without colons in the offset.
type Time struct{ time.Time }

// UnmarshalJSON accepts every form that dbt Cloud uses. A time in another form is the zero
// time, because no time decides anything.
func (t *Time) UnmarshalJSON(text []byte) error {
	text = bytes.Trim(text, `"`)
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05"} {
		if parsed, err := time.Parse(layout, string(text)); err == nil {
			t.Time = parsed.UTC()
			break
		}
	}
	return nil
}

// path returns a path below the account.
func (c Client) path(format string, args ...any) string {
	return fmt.Sprintf("/api/v2/accounts/%d/", c.Account) + fmt.Sprintf(format, args...)
}

// Pause waits, or returns the context's error.
func (c Client) Pause(ctx context.Context, d time.Duration) error {
	if c.Sleep != nil {
		return c.Sleep(ctx, d)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
