// Package fakedbtcloud is a strict fake of the part of dbt Cloud's API v2 that the project
// uses. Its runs are real: each step is a process of dbt in a copy of the project, with
// the environment variables of dbt Cloud. Requests and answers have the types of
// https://github.com/dbt-labs/dbt-cloud-openapi-spec (openapi-v2.yaml), from which object.go
// was written by hand, because that description is in no package registry. A request that
// the fake does not support fails the test, so a new kind of request must be added here
// first.
package fakedbtcloud

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/certificates"
)

// The contents of the fake.
const (
	Account = 34
	Project = 56
	JobID   = 12
	MainSHA = "f00df00df00df00df00df00df00df00df00df00d" // what a run builds by default

	AdminToken    = "dbtc_the-job-admin-token-1234567890"
	ReadOnlyToken = "dbtc_the-read-only-token-1234567890"
)

// T contains the methods of *testing.T that the fake needs.
type T interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// Job is the only job of the account. Its fields below Steps are faults and habits of dbt
// Cloud.
type Job struct {
	Steps  []string // dbt commands
	Docs   bool     // dbt docs generate runs after them
	Branch string   // of the environment

	Queued  int    // how many reads a run is queued for
	Hidden  int    // how many reads answer 404 right after the trigger
	Late    int    // how many reads of a complete run have no logs yet
	Stale   bool   // artifacts of the last step are sent for every step
	Missing string // the artifact that no step has
	Mute    bool   // answers lack the triggers of runs
	Hold    bool   // the first dbt command runs until the run is cancelled
	Replay  bool   // runs repeat the steps of the newest run that was real, as far as they are equal
}

// Server is a running fake. Its methods may be called while it serves.
type Server struct {
	t       T
	http    *httptest.Server
	dir     string // of the runs
	project string // the repository
	environ func() []string

	mu       sync.Mutex
	job      Job
	lastID   int64
	runs     []*run
	faults   []*fault
	requests []string
	working  sync.WaitGroup
}

// New starts a fake that runs until the end of the test. Its runs build copies of the
// project directory with the dbt on the PATH of environ.
func New(t T, project string, environ func() []string) *Server {
	t.Helper()
	return NewAt(t, "127.0.0.1", project, environ)
}

// NewAt is New at another IP address of this machine, for example one that containers reach.
func NewAt(t T, address, project string, environ func() []string) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "dbt-cloud-")
	if err != nil {
		t.Fatalf("fake dbt Cloud: %v", err)
	}
	s := &Server{t: t, dir: dir, project: project, environ: environ, lastID: 4710, job: Job{Branch: "main"}}
	s.http = httptest.NewUnstartedServer(s.routes())
	if err := s.listen(address); err != nil {
		t.Fatalf("fake dbt Cloud: %v", err)
	}
	t.Cleanup(func() {
		s.http.Close()
		s.cancelAll()
		s.working.Wait()
		_ = os.RemoveAll(dir)
	})
	return s
}

// listen starts to serve at an address, with a certificate for it.
func (s *Server) listen(address string) error {
	if err := certificates.Write(s.dir, net.ParseIP(address)); err != nil {
		return err
	}
	certificate, err := tls.LoadX509KeyPair(filepath.Join(s.dir, "server.crt"), filepath.Join(s.dir, "server.key"))
	if err != nil {
		return err
	}
	_ = s.http.Listener.Close() // of httptest's own choice
	if s.http.Listener, err = net.Listen("tcp", net.JoinHostPort(address, "0")); err != nil {
		return err
	}
	s.http.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	s.http.StartTLS()
	return nil
}

// URL is the account's access URL.
func (s *Server) URL() string { return s.http.URL }

// Client returns a client that trusts the fake.
func (s *Server) Client() *http.Client { return s.http.Client() }

// CA returns the file with the certificate authority of the fake.
func (s *Server) CA() string { return filepath.Join(s.dir, "ca.crt") }

// Change changes the job, for later runs and reads.
func (s *Server) Change(change func(*Job)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.job)
}

// Requests returns every request so far, such as "POST /api/v2/accounts/34/jobs/12/run/".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	const account = "/api/v2/accounts/{account}/"
	for pattern, serve := range map[string]func(*http.Request) answer{
		"POST " + account + "jobs/{job}/run/{$}":                s.trigger,
		"GET " + account + "jobs/{job}/{$}":                     s.readJob,
		"GET " + account + "runs/{$}":                           s.list,
		"GET " + account + "runs/{run}/{$}":                     s.read,
		"GET " + account + "runs/{run}/artifacts/{artifact...}": s.artifact,
		"POST " + account + "runs/{run}/cancel/{$}":             s.cancel,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.respond(w, r, func() answer { return s.allowed(r, serve) })
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
	s.requests = append(s.requests, r.Method+" "+r.URL.Path)
	s.mu.Unlock()
	f := s.fault(r)
	if f == nil {
		serve().write(w)
		return
	}
	if f.After {
		serve()
	}
	f.answer().write(w)
}

// allowed answers a request if the token may make it.
func (s *Server) allowed(r *http.Request, serve func(*http.Request) answer) answer {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	switch {
	case scheme != "Bearer" && scheme != "Token", token != AdminToken && token != ReadOnlyToken:
		return problem(http.StatusUnauthorized, "Invalid token.")
	case r.PathValue("account") != "34":
		return problem(http.StatusNotFound, "The requested resource wasn't found.")
	case token == ReadOnlyToken && r.Method != http.MethodGet:
		return problem(http.StatusForbidden, "User does not have permission to perform this action.")
	}
	return serve(r)
}

// refuse fails the test because of a request that dbt Cloud would not understand, or that
// the fake does not support.
func (s *Server) refuse(format string, args ...any) answer {
	s.t.Errorf("fake dbt Cloud: "+format, args...)
	return problem(http.StatusBadRequest, "the fake dbt Cloud does not know this request")
}
