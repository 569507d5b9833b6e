// Package fakegithub is a strict fake of the part of GitHub's API that the
// project uses: a real server that keeps comments and issues, pages, checks tokens
// and can be told to fail. Every request and answer is held to GitHub's own OpenAPI
// description if `make tools` has installed that. A request that the fake does not
// know fails the test, so a new request is taught here before it is made.
package fakegithub

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
)

// What the fake has when its options say nothing else.
const (
	Repository  = "acme/shop"
	PullRequest = 7
	JobToken    = "the-job-token" // may write, as "github-actions[bot]"
	ActionsBot  = "github-actions[bot]"
	HeadBranch  = "feature" // the pull request's, of the repository itself
	HeadSHA     = "c0ffee"
)

// T is what the fake needs of a test; *testing.T has it.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Options say what exists on the fake. The zero value is a repository with one
// open pull request and the token of a job that may write.
type Options struct {
	Repository   string           // "owner/name"
	PullRequests []int            // numbers; the next issue has the number after the last
	Tokens       map[string]Token // any other token is answered with 401
}

// Token is who a token belongs to and what it may do.
type Token struct {
	Login    string
	ReadOnly bool // writing is answered with 403, as for a pull request from a fork
}

// Server is a running fake. Its methods may be called while it serves.
type Server struct {
	t           T
	http        *httptest.Server
	description *openapi3.T // nil if it is not installed
	options     Options
	closing     chan struct{}

	mu         sync.Mutex
	lastID     int64
	lastNumber int // of issues and pull requests: they share one count
	comments   []Comment
	issues     []Issue
	files      []File
	remarks    []ReviewComment
	checks     []CheckRun
	locked     []int
	faults     []*fault
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

// URL is what GITHUB_API_URL says on a runner. GraphQL is below it, at /graphql.
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

// respond notes the request and answers it, by a fault where one was asked for.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, serve func() answer) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	s.mu.Unlock()

	f := s.fault(r)
	if f == nil {
		serve().write(w)
		return
	}
	if f.Hang {
		select {
		case <-r.Context().Done():
		case <-s.closing:
		}
		return
	}
	f.answer().write(w)
}

// refuse fails the test for a request that GitHub would not understand, or that
// the fake was not taught.
func (s *Server) refuse(format string, args ...any) answer {
	s.t.Errorf("fake GitHub: "+format, args...)
	return problem(http.StatusNotImplemented, "the fake GitHub does not know this request")
}

// token returns who is asking.
func (s *Server) token(r *http.Request) (Token, bool) {
	secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	t, ok := s.options.Tokens[secret]
	return t, ok
}

// answer is what goes back to the client.
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

// problem is an error as GitHub words them.
func problem(status int, message string) answer {
	return answer{status: status, body: map[string]any{
		"message":           message,
		"documentation_url": "https://docs.github.com/rest",
	}}
}
