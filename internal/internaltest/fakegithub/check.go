package fakegithub

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CheckRun is a check run on a commit.
type CheckRun struct {
	ID             int64
	App            string // the slug of the app that created it; "github-actions" also creates those of jobs
	Commit, Name   string
	Conclusion     string
	Title, Summary string
	URL            string // the page with the details
}

// CheckRuns returns all check runs, oldest first.
func (s *Server) CheckRuns() []CheckRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.checks)
}

// AddCheckRun adds a check run to a commit and returns its ID.
func (s *Server) AddCheckRun(c CheckRun) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastID++
	c.ID = s.lastID
	s.checks = append(s.checks, c)
	return c.ID
}

// known reports whether the fake has the commit.
func (s *Server) known(commit string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.issues, func(i Issue) bool { return i.From.SHA == commit && i.isPull() })
}

func noCommit(sha string) answer {
	return problem(http.StatusUnprocessableEntity, "No commit found for SHA: "+sha)
}

func (s *Server) listChecks(r *http.Request) answer {
	commit, name := r.PathValue("ref"), r.FormValue("check_name")
	if !s.known(commit) {
		return noCommit(commit)
	}
	found := slices.DeleteFunc(s.CheckRuns(), func(c CheckRun) bool {
		return c.Commit != commit || name != "" && c.Name != name
	})
	if r.FormValue("filter") != "all" {
		found = latest(found)
	}
	a := paged(s, r, found, s.checkObject)
	a.body = map[string]any{"total_count": len(found), "check_runs": a.body}
	return a
}

// latest keeps the newest check run of each app and name.
func latest(all []CheckRun) []CheckRun {
	var last []CheckRun
	for i, c := range all {
		if !slices.ContainsFunc(all[i+1:],
			func(later CheckRun) bool { return later.App == c.App && later.Name == c.Name }) {
			last = append(last, c)
		}
	}
	return last
}

// checkFields are the fields with which a check run can be created or updated.
type checkFields struct {
	Name, Status, Conclusion string
	Commit                   string `json:"head_sha"`
	URL                      string `json:"details_url"`
	Output                   struct{ Title, Summary string }
}

// checkRun decodes the check run in a request.
func (s *Server) checkRun(r *http.Request) (CheckRun, *answer) {
	var in checkFields
	if bad := s.decode(r, &in); bad != nil {
		return CheckRun{}, bad
	}
	token, _ := s.token(r)
	app, isApp := strings.CutSuffix(token.Login, "[bot]")
	if !isApp {
		a := problem(http.StatusForbidden, "You must authenticate via a GitHub App.")
		return CheckRun{}, &a
	}
	if in.Status != "completed" || in.Conclusion == "" {
		a := s.refuse("check run %q with conclusion %q", in.Status, in.Conclusion)
		return CheckRun{}, &a
	}
	return CheckRun{
		App: app, Commit: in.Commit, Name: in.Name, Conclusion: in.Conclusion,
		Title: in.Output.Title, Summary: in.Output.Summary, URL: in.URL,
	}, nil
}

func (s *Server) createCheck(r *http.Request) answer {
	c, bad := s.checkRun(r)
	if bad != nil {
		return *bad
	}
	if !s.known(c.Commit) {
		return noCommit(c.Commit)
	}
	c.ID = s.AddCheckRun(c)
	return answer{status: http.StatusCreated, body: s.checkObject(c)}
}

func (s *Server) updateCheck(r *http.Request) answer {
	c, bad := s.checkRun(r)
	if bad != nil {
		return *bad
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.PathValue("check_run_id")
	at := slices.IndexFunc(s.checks, func(c CheckRun) bool { return strconv.FormatInt(c.ID, 10) == id })
	switch {
	case at < 0:
		return problem(http.StatusNotFound, "Not Found")
	case c.App != s.checks[at].App:
		return problem(http.StatusForbidden,
			"Invalid app_id - check run can only be modified by the GitHub App that created it.")
	}
	was := s.checks[at]
	c.ID, c.Commit, c.Name = was.ID, was.Commit, cmp.Or(c.Name, was.Name)
	s.checks[at] = c
	return answer{status: http.StatusOK, body: s.checkObject(c)}
}

// checkObject returns a check run in the API's format.
func (s *Server) checkObject(c CheckRun) map[string]any {
	o := s.blank("check-run")
	app := map[string]any{
		"id": 15368, "slug": c.App, "node_id": "MDM6QXBwMTUzNjg=", "owner": s.user("github"), "name": c.App, "description": nil,
		"external_url": "https://help.github.com/en/actions", "html_url": "https://github.com/apps/" + c.App,
		"created_at": "2018-07-30T09:30:17Z", "updated_at": "2018-07-30T09:30:17Z",
		"permissions": map[string]any{"checks": "write"}, "events": []any{},
	}
	maps.Copy(o, map[string]any{
		"id": c.ID, "head_sha": c.Commit, "name": c.Name, "status": "completed", "conclusion": c.Conclusion, "app": app,
		"details_url": c.URL, "html_url": fmt.Sprintf("https://github.com/%s/runs/%d", s.options.Repository, c.ID),
		"output": map[string]any{
			"title": c.Title, "summary": c.Summary, "text": nil, "annotations_count": 0, "annotations_url": s.URL(),
		},
	})
	return o
}
