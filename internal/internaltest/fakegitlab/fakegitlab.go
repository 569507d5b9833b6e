// Package fakegitlab is a strict fake of the part of GitLab's API that the project uses:
// a real server that stores notes, discussions and issues, paginates, checks tokens with
// their scope and role, and can be configured to fail. GitLab's own OpenAPI description
// is not in a package registry, so requests and answers are held to the types of
// GitLab's own client library: a request with another field, and a request that the fake
// does not support, fail the test.
package fakegitlab

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fault"
)

// The contents of the fake by default.
const (
	Project      = 11
	Path         = "acme/shop"
	MergeRequest = 7
	Token        = "glpat-of-the-project" // of a project access token that may write
	Bot          = "project_11_bot"       // its user
	JobToken     = "glcbt-of-the-job"
	SourceBranch = "feature"
	HeadSHA      = "c0ffee"
)

// The roles that matter here.
// https://docs.gitlab.com/user/permissions/
const (
	Guest     = 10
	Reporter  = 20
	Developer = 30
)

// T contains the methods of *testing.T that the fake needs.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Options describe the contents of the fake. The zero value is a project with one open
// merge request and the token of a bot that may write.
type Options struct {
	Root   string            // the instance's relative root, such as "/git"
	Tokens map[string]Access // any other token is answered with 401
}

// Access is the owner and the rights of a token.
type Access struct {
	User  string
	Scope string // "api" or "read_api"; "" for a job's token
	Role  int
}

// Server is a running fake. Its methods may be called while it serves.
type Server struct {
	t       T
	http    *httptest.Server
	options Options
	closing chan struct{}
	faults  fault.List

	mu       sync.Mutex
	lastID   int64
	requests []string
	merging  []Request
	notes    []Note
	issues   []Issue
	files    []File
}

// New starts a fake that runs until the end of the test.
func New(t T, o Options) *Server {
	t.Helper()
	if o.Tokens == nil {
		o.Tokens = map[string]Access{
			Token: {User: Bot, Scope: "api", Role: Reporter}, JobToken: {User: "alice"},
		}
	}
	s := &Server{t: t, options: o, closing: make(chan struct{}), lastID: 1000}
	s.Open(Request{IID: MergeRequest, Author: "alice", Branch: SourceBranch, SHA: HeadSHA, Source: Project})
	s.http = httptest.NewServer(s.routes())
	t.Cleanup(s.http.Close)
	t.Cleanup(func() { close(s.closing) })
	return s
}

// ServerURL is the value of CI_SERVER_URL.
func (s *Server) ServerURL() string { return s.http.URL + s.options.Root }

// URL is the value of CI_API_V4_URL.
func (s *Server) URL() string { return s.ServerURL() + "/api/v4" }

// Requests returns every request so far, such as "GET /projects/11/issues?page=2".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// Fail makes requests fail as fault.List.Add does. The pattern is of the path below the
// API.
func (s *Server) Fail(method, pattern string, f fault.Fault) {
	if err := s.faults.Add(method, s.options.Root+"/api/v4"+pattern, f); err != nil {
		s.t.Fatalf("fake GitLab: %v", err)
	}
}

// Heal ends all faults.
func (s *Server) Heal() { s.faults.Heal() }

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	root := s.options.Root + "/api/v4"
	for _, o := range operations {
		mux.HandleFunc(o.method+" "+root+o.path, func(w http.ResponseWriter, r *http.Request) {
			s.respond(w, r, func() answer { return s.allowed(o, r) })
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.respond(w, r, func() answer { return s.refuse("unknown request %s %s", r.Method, r.URL.Path) })
	})
	return mux
}

// respond records the request and answers it, with a fault if one applies.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, serve func() answer) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+strings.TrimPrefix(r.URL.RequestURI(), s.options.Root+"/api/v4"))
	s.mu.Unlock()
	f := s.faults.Meet(r)
	if f != nil && f.Hang {
		fault.Silent(r, s.closing)
		return
	}
	if f != nil {
		answer{status: f.Status, header: f.Header(), body: message(f.Message)}.write(w)
		return
	}
	serve().write(w)
}

// refuse fails the test because of a request that GitLab would not understand, or that
// the fake does not support.
func (s *Server) refuse(format string, args ...any) answer {
	s.t.Errorf("fake GitLab: "+format, args...)
	return answer{status: http.StatusNotImplemented, body: message("the fake GitLab does not know this request")}
}

// answer is a response to the client.
type answer struct {
	status int
	header http.Header
	body   any // marshalled to JSON; nil: no body
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	if a.body == nil {
		return
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		panic(err) // the fake's own objects
	}
	_, _ = w.Write(text)
}

// message is an error in GitLab's format.
func message(text string) any { return map[string]string{"message": text} }

var notFound = answer{status: http.StatusNotFound, body: message("404 Not found")}
