package fakegithub

import (
	"net/http"
	"regexp"

	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// operation is an operation of the API that the fake supports, with the path template
// that GitHub's description also uses.
type operation struct {
	method, path string
	serve        func(*Server, *http.Request) answer
}

const (
	commentsPath = "/repos/{owner}/{repo}/issues/{issue_number}/comments"
	commentPath  = "/repos/{owner}/{repo}/issues/comments/{comment_id}"
	issuesPath   = "/repos/{owner}/{repo}/issues"
	issuePath    = "/repos/{owner}/{repo}/issues/{issue_number}"
	pullsPath    = "/repos/{owner}/{repo}/pulls"

	filesPath          = "/repos/{owner}/{repo}/pulls/{pull_number}/files"
	reviewsPath        = "/repos/{owner}/{repo}/pulls/{pull_number}/reviews"
	reviewCommentsPath = "/repos/{owner}/{repo}/pulls/{pull_number}/comments"
	reviewCommentPath  = "/repos/{owner}/{repo}/pulls/comments/{comment_id}"

	checksOfCommitPath = "/repos/{owner}/{repo}/commits/{ref}/check-runs"
	checksPath         = "/repos/{owner}/{repo}/check-runs"
	checkPath          = "/repos/{owner}/{repo}/check-runs/{check_run_id}"
)

var operations = []operation{
	{http.MethodGet, commentsPath, (*Server).listComments},
	{http.MethodPost, commentsPath, (*Server).createComment},
	{http.MethodPatch, commentPath, (*Server).updateComment},
	{http.MethodDelete, commentPath, (*Server).deleteComment},
	{http.MethodGet, issuesPath, (*Server).listIssues},
	{http.MethodPost, issuesPath, (*Server).createIssue},
	{http.MethodPatch, issuePath, (*Server).updateIssue},
	{http.MethodGet, pullsPath, (*Server).listPulls},
	{http.MethodGet, filesPath, (*Server).listFiles},
	{http.MethodPost, reviewsPath, (*Server).createReview},
	{http.MethodGet, reviewCommentsPath, (*Server).listReviewComments},
	{http.MethodPost, reviewCommentsPath, (*Server).createReviewComment},
	{http.MethodPatch, reviewCommentPath, (*Server).updateReviewComment},
	{http.MethodDelete, reviewCommentPath, (*Server).deleteReviewComment},
	{http.MethodGet, checksOfCommitPath, (*Server).listChecks},
	{http.MethodPost, checksPath, (*Server).createCheck},
	{http.MethodPatch, checkPath, (*Server).updateCheck},
}

// checked serves an operation if the token may request it, and checks request and answer
// against GitHub's description if it is installed.
func (s *Server) checked(o operation, r *http.Request) answer {
	if s.description == nil {
		return s.allowed(o, r)
	}
	in := s.described(o, r)
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
		return s.refuse("%s %s: request against GitHub's description: %v", r.Method, r.URL.Path, err)
	}
	a := s.allowed(o, r)
	out := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in,
		Status:                 a.status,
		Header:                 http.Header{"Content-Type": {contentType}},
	}
	out.SetBodyBytes(a.json())
	if err := openapi3filter.ValidateResponse(r.Context(), out); err != nil {
		return s.refuse("%s %s: answer %d against GitHub's description: %v", r.Method, r.URL.Path, a.status, err)
	}
	return a
}

func (s *Server) allowed(o operation, r *http.Request) answer {
	token, known := s.token(r)
	switch {
	case !known:
		return problem(http.StatusUnauthorized, "Bad credentials")
	case r.PathValue("owner")+"/"+r.PathValue("repo") != s.options.Repository:
		return problem(http.StatusNotFound, "Not Found")
	case token.ReadOnly && r.Method != http.MethodGet:
		return problem(http.StatusForbidden, "Resource not accessible by integration")
	}
	return o.serve(s, r)
}

var wildcard = regexp.MustCompile(`\{(\w+)\}`)

func (s *Server) described(o operation, r *http.Request) *openapi3filter.RequestValidationInput {
	item := s.description.Paths.Value(o.path)
	params := map[string]string{}
	for _, name := range wildcard.FindAllStringSubmatch(o.path, -1) {
		params[name[1]] = r.PathValue(name[1])
	}
	return &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: params,
		Route: &routers.Route{
			Spec: s.description, Path: o.path, PathItem: item,
			Method: o.method, Operation: item.GetOperation(o.method),
		},
	}
}
