package fakedbtcloud

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// runObject is RunResponse of the description, as far as runs have values for it.
type runObject struct {
	ID         int64          `json:"id"`
	TriggerID  int64          `json:"trigger_id"`
	AccountID  int64          `json:"account_id"`
	ProjectID  int64          `json:"project_id"`
	JobID      int64          `json:"job_definition_id"`
	Status     int            `json:"status"`
	Message    *string        `json:"status_message,omitempty"`
	GitBranch  *string        `json:"git_branch,omitempty"`
	GitSHA     *string        `json:"git_sha,omitempty"`
	DBTVersion string         `json:"dbt_version"`
	Href       string         `json:"href"`
	CreatedAt  string         `json:"created_at"`
	UpdatedAt  string         `json:"updated_at"`
	StartedAt  *string        `json:"started_at,omitempty"`
	FinishedAt *string        `json:"finished_at,omitempty"`
	IsComplete bool           `json:"is_complete"`
	IsSuccess  bool           `json:"is_success"`
	IsError    bool           `json:"is_error"`
	Cancelled  bool           `json:"is_cancelled"`
	Trigger    *triggerObject `json:"trigger,omitempty"` // if it was asked for
	Steps      []stepObject   `json:"run_steps,omitempty"`
}

// triggerObject is RunTrigger.
type triggerObject struct {
	ID    int64 `json:"id"`
	JobID int64 `json:"job_definition_id"`
	triggerRequest
}

// stepObject is RunStep.
type stepObject struct {
	ID        int64  `json:"id"`
	RunID     int64  `json:"run_id"`
	AccountID int64  `json:"account_id"`
	Index     int    `json:"index"`
	Status    int    `json:"status"`
	Name      string `json:"name"`
	Logs      string `json:"logs"`
}

// triggerRequest is TriggerRunRequestRequest. A pointer distinguishes "" and 0 from absent.
type triggerRequest struct {
	Cause         string   `json:"cause"`
	GitSHA        *string  `json:"git_sha,omitempty"`
	GitBranch     *string  `json:"git_branch,omitempty"`
	Schema        *string  `json:"schema_override,omitempty"`
	DBTVersion    *string  `json:"dbt_version_override,omitempty"`
	Threads       *int     `json:"threads_override,omitempty"`
	TargetName    *string  `json:"target_name_override,omitempty"`
	GenerateDocs  *bool    `json:"generate_docs_override,omitempty"`
	Timeout       *int     `json:"timeout_seconds_override,omitempty"`
	Steps         []string `json:"steps_override,omitempty"`
	GitHubPull    *int64   `json:"github_pull_request_id,omitempty"`
	GitLabMerge   *int64   `json:"gitlab_merge_request_id,omitempty"`
	AzurePull     *int64   `json:"azure_pull_request_id,omitempty"`
	NonNativePull *int64   `json:"non_native_pull_request_id,omitempty"`
}

// more describes what a run was started with besides its commit and schema.
func (r triggerRequest) more() (text string) {
	if r.GitHubPull != nil {
		text += fmt.Sprintf(", GitHub pull request %d", *r.GitHubPull)
	}
	if r.GitLabMerge != nil {
		text += fmt.Sprintf(", GitLab merge request %d", *r.GitLabMerge)
	}
	if r.GitBranch != nil {
		text += ", branch " + *r.GitBranch
	}
	if r.Timeout != nil {
		text += fmt.Sprintf(", timeout %d", *r.Timeout)
	}
	return text
}

// answer is a response to the client.
type answer struct {
	status int
	header http.Header
	body   any    // marshalled to JSON
	file   []byte // instead of a body
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	text := a.file
	if text == nil {
		w.Header().Set("Content-Type", "application/json")
		var err error
		if text, err = json.Marshal(a.body); err != nil {
			panic(err) // the fake's own objects
		}
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(text)
}

// success returns data in the envelope of the API; extra is that of lists.
func success(data, extra any) answer {
	body := map[string]any{"data": data, "status": status(http.StatusOK, "Success!")}
	if extra != nil {
		body["extra"] = extra
	}
	return answer{status: http.StatusOK, body: body}
}

func problem(code int, message string) answer {
	return answer{status: code, body: map[string]any{"data": nil, "status": status(code, message)}}
}

func status(code int, message string) map[string]any {
	return map[string]any{
		"code": code, "is_success": code == http.StatusOK, "user_message": message, "developer_message": "",
	}
}

// stamp is a time, absent if it is zero.
func stamp(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	text := t.UTC().Format(time.RFC3339Nano)
	return &text
}
