// Package fakegithub is a strict fake of the part of GitHub's API that the project uses:
// a real server that stores comments and issues, paginates, checks tokens and can be
// configured to fail. If `make tools` has installed GitHub's own OpenAPI description, the
// fake checks every request and answer against it. A request that the fake does not
// support fails the test, so a new kind of request must be added here first.
package fakegithub

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fault"
)

// The contents of the fake by default.
const (
	Repository  = "acme/shop"
	PullRequest = 7
	JobToken    = "the-job-token" // may write, as "github-actions[bot]"
	ActionsBot  = "github-actions[bot]"
	HeadBranch  = "feature" // the pull request's, in the repository itself
	HeadSHA     = "c0ffee"
)

// T contains the methods of *testing.T that the fake needs.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Options describe the contents of the fake. The zero value is a repository with one open
// pull request and the token of a job that may write.
type Options struct {
	Repository   string           // "owner/name"
	PullRequests []int            // the next issue has the number after the last
	Tokens       map[string]Token // any other token is answered with 401
}

// Token is the owner and the permissions of a token.
type Token struct {
	Login    string
	ReadOnly bool // a write is answered with 403, as for a pull request from a fork
}

// Server is a running fake. Its methods may be called while it serves.
type Server struct {
	t           T
	http        *httptest.Server
	description *openapi3.T // nil if it is not installed
	options     Options
	closing     chan struct{}
	faults      fault.List

	mu         sync.Mutex
	lastID     int64
	lastNumber int // issues and pull requests are numbered together
	comments   []Comment
	issues     []Issue
	files      []File
	remarks    []ReviewComment
	checks     []CheckRun
	locked     []int
	requests   []string
}

// New starts a fake that runs until the end of the test.
func New(t T, o Options) *Server {
	t.Helper()
	description, err := load()
	if err != nil {
		t.Fatalf("load GitHub's OpenAPI description: %v", err)
	}
	if o.Repository == "" {
		o.Repository = Repository
	}
	if o.PullRequests == nil {
		o.PullRequests = []int{PullRequest}
	}
	if o.Tokens == nil {
		o.Tokens = map[string]Token{JobToken: {Login: ActionsBot}}
	}
	s := &Server{t: t, description: description, options: o, closing: make(chan struct{}), lastID: 1000}
	for _, number := range o.PullRequests {
		s.lastNumber = number - 1
		s.Open(Issue{Author: "alice", Title: "A feature", From: Branch{o.Repository, HeadBranch, HeadSHA}})
	}
	s.http = httptest.NewServer(s.routes())
	t.Cleanup(s.http.Close)
	t.Cleanup(func() { close(s.closing) })
	return s
}

// URL returns the value of GITHUB_API_URL. GraphQL is below it, at /graphql.
func (s *Server) URL() string { return s.http.URL }

// Requests returns every request so far, such as "GET /repos/a/b/issues/7/comments?page=2".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, o := range operations {
		mux.HandleFunc(o.method+" "+o.path, func(w http.ResponseWriter, r *http.Request) {
			s.respond(w, r, func() answer { return s.checked(o, r) })
		})
	}
	mux.HandleFunc("POST /graphql", func(w http.ResponseWriter, r *http.Request) {
		s.respond(w, r, func() answer { return s.graphql(r) })
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.respond(w, r, func() answer { return s.refuse("unknown request %s %s", r.Method, r.URL.Path) })
	})
	return mux
}

// respond records the request and answers it, with a fault if one applies.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, serve func() answer) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	s.mu.Unlock()

	f := s.faults.Meet(r)
	switch {
	case f == nil:
		serve().write(w)
	case f.Hang:
		fault.Silent(r, s.closing)
	default:
		a := problem(f.Status, f.Message)
		a.header = f.Header()
		a.write(w)
	}
}

// refuse fails the test because of a request that GitHub would not understand, or that
// the fake does not support.
func (s *Server) refuse(format string, args ...any) answer {
	s.t.Errorf("fake GitHub: "+format, args...)
	return problem(http.StatusNotImplemented, "the fake GitHub does not know this request")
}

// token returns the token of a request.
func (s *Server) token(r *http.Request) (Token, bool) {
	secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t, ok := s.options.Tokens[secret]
	return t, ok
}

// answer is a response to the client.
type answer struct {
	status int
	header http.Header
	body   any // marshalled to JSON; nil: no body
}

const contentType = "application/json; charset=utf-8"

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(a.status)
	_, _ = w.Write(a.json())
}

func (a answer) json() []byte {
	if a.body == nil {
		return nil
	}
	text, err := json.Marshal(a.body)
	if err != nil {
		panic(err) // the fake's own objects
	}
	return text
}

// problem returns an error in GitHub's format.
func problem(status int, message string) answer {
	return answer{status: status, body: map[string]any{
		"message":           message,
		"documentation_url": "https://docs.github.com/rest",
	}}
}
