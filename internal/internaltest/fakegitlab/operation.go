package fakegitlab

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// operation is an operation of the API that the fake supports.
type operation struct {
	method, path string
	query        []string // the parameters that it supports besides those of a page
	role         int      // the least that it takes
	serve        func(*Server, *http.Request, Access) answer
}

const (
	issuesPath      = "/projects/{id}/issues"
	issuePath       = issuesPath + "/{iid}"
	requestPath     = "/projects/{id}/merge_requests/{iid}"
	notesPath       = requestPath + "/notes"
	notePath        = notesPath + "/{note}"
	discussionsPath = requestPath + "/discussions"
	discussionPath  = discussionsPath + "/{discussion}"
	versionsPath    = requestPath + "/versions"
)

var operations = []operation{
	{"GET", "/user", nil, 0, (*Server).currentUser},
	{"GET", "/projects/{id}/repository/commits/{sha}/merge_requests", nil, Reporter, (*Server).listRequests},
	{"GET", notesPath, []string{"order_by", "sort"}, Reporter, (*Server).listNotes},
	{"POST", notesPath, nil, Reporter, (*Server).createNote},
	{"PUT", notePath, nil, Reporter, (*Server).updateNote},
	{"DELETE", notePath, nil, Reporter, (*Server).deleteNote},
	{"GET", discussionsPath, nil, Reporter, (*Server).listDiscussions},
	{"POST", discussionsPath, nil, Reporter, (*Server).createDiscussion},
	{"PUT", discussionPath, nil, Reporter, (*Server).resolveDiscussion},
	{"PUT", discussionPath + "/notes/{note}", nil, Reporter, (*Server).updateDiscussionNote},
	{"GET", versionsPath, nil, Reporter, (*Server).listVersions},
	{"GET", versionsPath + "/{version}", nil, Reporter, (*Server).getVersion},
	{"GET", issuesPath, []string{"state", "author_username", "order_by", "sort"}, Guest, (*Server).listIssues},
	{"POST", issuesPath, nil, Guest, (*Server).createIssue},
	{"PUT", issuePath, nil, Guest, (*Server).updateIssue},
	{"POST", issuePath + "/notes", nil, Guest, (*Server).createIssueNote},
}

// allowed serves an operation if the token may request it.
func (s *Server) allowed(o operation, r *http.Request) answer {
	for name := range r.URL.Query() {
		if !slices.Contains(append([]string{"page", "per_page"}, o.query...), name) {
			return s.refuse("%s %s: parameter %q", r.Method, r.URL.Path, name)
		}
	}
	secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	access, known := s.options.Tokens[secret]
	switch {
	case !known, access.Scope == "" && o.method != http.MethodGet:
		return answer{status: http.StatusUnauthorized, body: message("401 Unauthorized")}
	case access.Scope == "":
		return notFound
	case access.Scope == "read_api" && o.method != http.MethodGet:
		return answer{status: http.StatusForbidden, body: map[string]string{
			"error":             "insufficient_scope",
			"error_description": "The request requires higher privileges than provided by the access token.",
			"scope":             "api",
		}}
	case o.role > 0 && r.PathValue("id") != strconv.Itoa(Project), access.Role == 0 && o.role > 0:
		return answer{status: http.StatusNotFound, body: message("404 Project Not Found")}
	case access.Role < o.role:
		return answer{status: http.StatusForbidden, body: message("403 Forbidden")}
	}
	return o.serve(s, r, access)
}

// decode reads a request's object into a type of the client library. The fake refuses
// fields that it does not support: allowed names those that it does.
func (s *Server) decode(r *http.Request, in any, allowed ...string) *answer {
	var fields map[string]json.RawMessage
	err := json.NewDecoder(r.Body).Decode(&fields)
	for name := range fields {
		if err == nil && !slices.Contains(allowed, name) {
			err = fmt.Errorf("field %q", name)
		}
	}
	if err == nil {
		text, _ := json.Marshal(fields)
		err = json.Unmarshal(text, in)
	}
	if err != nil {
		a := s.refuse("%s %s: %v", r.Method, r.URL.Path, err)
		return &a
	}
	return nil
}

// paged answers with the page of a list that the request asks for.
func paged[T, O any](s *Server, r *http.Request, all []T, object func(T) O) answer {
	number := func(name string, fallback int) int {
		n, err := strconv.Atoi(r.FormValue(name))
		if err != nil || n < 1 {
			return fallback
		}
		return n
	}
	size, page := min(100, number("per_page", 20)), number("page", 1)
	last := max(1, (len(all)+size-1)/size)
	header := http.Header{"X-Page": {strconv.Itoa(page)}, "X-Per-Page": {strconv.Itoa(size)}, "X-Next-Page": {""}}
	if page < last {
		header.Set("X-Next-Page", strconv.Itoa(page+1))
	}
	objects := []O{}
	for _, one := range all[min(len(all), (page-1)*size):min(len(all), page*size)] {
		objects = append(objects, object(one))
	}
	return answer{status: http.StatusOK, header: header, body: objects}
}

// number returns a number of the path.
func number(r *http.Request, name string) int64 {
	n, _ := strconv.ParseInt(r.PathValue(name), 10, 64)
	return n
}
