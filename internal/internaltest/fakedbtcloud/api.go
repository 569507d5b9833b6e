package fakedbtcloud

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// trigger starts a run, as the API does.
func (s *Server) trigger(r *http.Request) answer {
	if r.PathValue("job") != strconv.Itoa(JobID) {
		return problem(http.StatusNotFound, "The requested resource wasn't found.")
	}
	var request triggerRequest
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	if err := body.Decode(&request); err != nil {
		return s.refuse("trigger: %v", err)
	}
	texts := []*string{&request.Cause, request.GitSHA, request.GitBranch, request.Schema}
	for i := range request.Steps {
		texts = append(texts, &request.Steps[i])
	}
	if slices.ContainsFunc(texts, func(text *string) bool { return text != nil && *text == "" }) {
		return s.refuse("trigger: an empty text")
	}
	if request.GitSHA != nil && request.GitBranch != nil {
		return problem(http.StatusBadRequest, "git_branch and git_sha cannot both be specified")
	}
	run := s.start(request, "other")
	s.mu.Lock()
	defer s.mu.Unlock()
	return success(run.object(s, true, false), nil)
}

// readJob returns the job.
func (s *Server) readJob(r *http.Request) answer {
	if r.PathValue("job") != strconv.Itoa(JobID) {
		return problem(http.StatusNotFound, "The requested resource wasn't found.")
	}
	return success(map[string]any{"id": JobID, "account_id": Account, "project_id": Project, "name": "Build"}, nil)
}

// list lists runs by the filters that the project uses.
func (s *Server) list(r *http.Request) answer {
	query := r.URL.Query()
	known := []string{"order_by", "limit", "include_related", "job_definition_id", "project_id", "status"}
	for name := range query {
		if !slices.Contains(known, name) {
			return s.refuse("list runs: unknown parameter %s", name)
		}
	}
	limit, err := strconv.Atoi(query.Get("limit"))
	if err != nil || limit < 1 || limit > 100 || query.Get("order_by") != "-id" {
		return s.refuse("list runs: limit %q, order_by %q", query.Get("limit"), query.Get("order_by"))
	}
	related, err := relatedOf(query, "trigger", "job", "audit", "debug_logs")
	if err != nil {
		return s.refuse("list runs: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	runs := []runObject{}
	for _, run := range slices.Backward(s.runs) {
		object := run.object(s, slices.Contains(related, "trigger"), false)
		fits := func(name string, value int64) bool {
			return !query.Has(name) || query.Get(name) == strconv.FormatInt(value, 10)
		}
		if fits("job_definition_id", object.JobID) && fits("project_id", object.ProjectID) &&
			fits("status", int64(object.Status)) && len(runs) < limit {
			runs = append(runs, object)
		}
	}
	return success(runs, map[string]any{
		"filters": map[string]any{"limit": limit, "offset": 0}, "order_by": "-id",
		"pagination": map[string]int{"count": len(runs), "total_count": len(s.runs)},
	})
}

// read returns one run.
func (s *Server) read(r *http.Request) answer {
	query := r.URL.Query()
	related, err := relatedOf(query, "trigger", "job", "environment", "repository", "run_steps", "debug_logs")
	if err != nil || len(query) > 1 {
		return s.refuse("read run: %s: %v", r.URL.RawQuery, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	run := s.find(r)
	if run == nil || run.hidden > 0 {
		if run != nil {
			run.hidden--
		}
		return problem(http.StatusNotFound, "The requested resource wasn't found.")
	}
	run.queued--
	object := run.object(s, slices.Contains(related, "trigger"), slices.Contains(related, "run_steps"))
	if run.status >= 10 && run.late > 0 {
		run.late--
		for i := range object.Steps {
			object.Steps[i].Logs = ""
		}
	}
	return success(object, nil)
}

// artifact returns a file that dbt left in a step, of the last step by default.
func (s *Server) artifact(r *http.Request) answer {
	query := r.URL.Query()
	if len(query) > 1 || len(query) == 1 && !query.Has("step") {
		return s.refuse("artifact: unknown parameter in %s", r.URL.RawQuery)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	run, name := s.find(r), r.PathValue("artifact")
	if run == nil || name == s.job.Missing {
		return problem(http.StatusNotFound, "The requested resource wasn't found.")
	}
	step, err := strconv.Atoi(query.Get("step"))
	if query.Has("step") && (err != nil || step < 1 || step > len(run.steps)) {
		return s.refuse("artifact: step %q of %d", query.Get("step"), len(run.steps))
	}
	if !query.Has("step") || s.job.Stale {
		step = len(run.steps)
	}
	text, err := os.ReadFile(filepath.Join(run.artifacts(step), filepath.Base(name)))
	if errors.Is(err, os.ErrNotExist) {
		return problem(http.StatusNotFound, "The requested resource wasn't found.")
	} else if err != nil {
		return s.refuse("artifact: %v", err)
	}
	return answer{status: http.StatusOK, file: text}
}

// cancel cancels a run, as the API does.
func (s *Server) cancel(r *http.Request) answer {
	s.mu.Lock()
	run := s.find(r)
	s.mu.Unlock()
	if run == nil {
		return problem(http.StatusNotFound, "The requested resource wasn't found.")
	}
	run.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	return success(run.object(s, false, false), nil)
}

func (s *Server) find(r *http.Request) *run {
	for _, run := range s.runs {
		if strconv.FormatInt(run.id, 10) == r.PathValue("run") {
			return run
		}
	}
	return nil
}

// relatedOf reads include_related, a JSON list.
func relatedOf(query url.Values, allowed ...string) (related []string, err error) {
	if !query.Has("include_related") {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(query.Get("include_related")), &related); err != nil {
		return nil, err
	}
	for _, name := range related {
		if !slices.Contains(allowed, name) {
			return nil, errors.New("include_related: unknown value " + name)
		}
	}
	return related, nil
}

// object is the run in an answer. The caller holds the lock.
func (r *run) object(s *Server, withTrigger, withSteps bool) runObject {
	text := func(value string) *string {
		if value == "" {
			return nil
		}
		return &value
	}
	o := runObject{
		ID: r.id, TriggerID: r.id + 1000, AccountID: Account, ProjectID: Project, JobID: JobID,
		Status: r.status, GitBranch: text(r.branch), GitSHA: text(r.sha), DBTVersion: "versionless",
		Href:      s.http.URL + "/deploy/34/projects/56/runs/" + strconv.FormatInt(r.id, 10) + "/",
		CreatedAt: r.created.UTC().Format(time.RFC3339), UpdatedAt: time.Now().UTC().Format(time.RFC3339),
		StartedAt: stamp(r.started), FinishedAt: stamp(r.finished),
		IsComplete: r.status >= 10, IsSuccess: r.status == 10, IsError: r.status == 20, Cancelled: r.status == 30,
	}
	if withTrigger && !s.job.Mute {
		o.Trigger = &triggerObject{ID: r.id + 1000, JobID: JobID, triggerRequest: r.trigger}
	}
	if r.queued > 0 {
		o.Status, o.IsComplete, o.IsSuccess = 1, false, false
		return o
	}
	if withSteps {
		o.Steps = slices.Clone(r.steps)
		for i, step := range o.Steps {
			if r.cut > 0 && len(step.Logs) > r.cut {
				o.Steps[i].Logs = step.Logs[:r.cut]
			}
		}
	}
	return o
}
