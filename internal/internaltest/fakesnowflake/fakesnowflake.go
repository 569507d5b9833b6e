// Package fakesnowflake is a strict fake of Snowflake's interface to its drivers: a real
// server that accepts logins, answers statements with the results that the test sets, in
// either format and in chunks, and can be configured to refuse, to fail or not to answer.
// A request, a key of a request or a statement that it does not support fails the test,
// so that the tests know everything that the driver sends.
package fakesnowflake

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/certificates"
)

// Server is a running fake. Its methods may be called while it serves.
type Server struct {
	t       testing.TB
	http    *httptest.Server
	address *url.URL
	closing chan struct{}

	mu         sync.Mutex
	logins     []Login
	refusals   []Refusal // of the next logins
	statements []string
	answers    []*answer
	pending    map[string]Result // by the path at which the driver is to poll
	chunks     map[string][]byte // by path
	faults     map[string][]int  // HTTP statuses of the next requests, by path
	sessions   int
	ended      int
	aborted    int
	silent     bool
	samlTo     string
}

// Refusal is an error in Snowflake's format.
type Refusal struct {
	Code     int
	SQLState string
	Message  string
}

// New starts a fake that runs until the end of the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := unstarted(t)
	s.http.Start()
	s.locate(s.http.URL)
	return s
}

// NewTLS starts a fake with TLS, and returns the file of its certificate authority.
func NewTLS(t testing.TB) (s *Server, authority string) {
	t.Helper()
	dir := t.TempDir()
	if err := certificates.Write(dir); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	s = unstarted(t)
	s.http.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.http.StartTLS()
	s.locate(strings.Replace(s.http.URL, "127.0.0.1", "localhost", 1)) // the name in the certificate
	return s, filepath.Join(dir, "ca.crt")
}

func unstarted(t testing.TB) *Server {
	s := &Server{
		t: t, closing: make(chan struct{}),
		pending: map[string]Result{}, chunks: map[string][]byte{}, faults: map[string][]int{},
	}
	s.http = httptest.NewUnstartedServer(s.routes())
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0) // a client may distrust it
	t.Cleanup(s.http.Close)
	t.Cleanup(func() { close(s.closing) })
	return s
}

func (s *Server) locate(address string) {
	var err error
	if s.address, err = url.Parse(address); err != nil {
		s.t.Fatal(err)
	}
}

// URL returns the address of the fake.
func (s *Server) URL() string { return s.address.String() }

// Settings returns the settings of a profile for the fake, without a login.
func (s *Server) Settings() map[string]any {
	port, err := strconv.Atoi(s.address.Port())
	if err != nil {
		s.t.Fatal(err)
	}
	return map[string]any{
		"account": "acme-shop", "host": s.address.Hostname(), "port": port,
		"protocol": s.address.Scheme,
	}
}

// Fail answers the next requests to a path with these HTTP statuses.
func (s *Server) Fail(path string, statuses ...int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[path] = statuses
}

// FallSilent accepts further requests and never answers.
func (s *Server) FallSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

// Sessions returns how many sessions began and how many ended.
func (s *Server) Sessions() (begun, ended int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions, s.ended
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(*http.Request) any{
		"POST /session/v1/login-request":      s.login,
		"POST /session/authenticator-request": s.authenticator,
		"POST /session/token-request":         s.renew,
		"POST /session":                       s.endSession,
		"POST /oauth/token-request":           s.refresh,
		"POST /queries/v1/query-request":      s.query,
		"POST /queries/v1/abort-request":      s.abort,
		"GET /queries/{id}/result":            s.result,
		"GET /chunks/{id}":                    s.chunk,
		"POST /okta/token":                    s.oktaToken,
		"GET /browser":                        s.browser,
		"GET /ocsp_response_cache.json":       s.revocations,
		"GET /identity":                       s.identity,
		"GET /okta/sso":                       s.oktaSSO,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.respond(w, r, serve) })
	}
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		s.t.Errorf("fakesnowflake: unknown request %s %s", r.Method, r.URL.Path)
	})
	return mux
}

// redirect is the target of a redirect.
type redirect string

// respond writes the result of serve: bytes unchanged, a status, a redirect or JSON.
func (s *Server) respond(w http.ResponseWriter, r *http.Request, serve func(*http.Request) any) {
	s.mu.Lock()
	silent := s.silent
	status := 0
	if statuses := s.faults[r.URL.Path]; len(statuses) > 0 {
		status, s.faults[r.URL.Path] = statuses[0], statuses[1:]
	}
	s.mu.Unlock()
	if silent {
		s.hang(r)
		return
	}
	if status != 0 {
		http.Error(w, "fault set by the test", status)
		return
	}
	switch body := serve(r).(type) {
	case []byte:
		_, _ = w.Write(body)
	case int:
		w.WriteHeader(body)
	case redirect:
		http.Redirect(w, r, string(body), http.StatusFound)
	default:
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(body)
	}
}

// hang holds a request until the client or the test ends.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.closing:
	}
}

// reply is the envelope of every answer.
type reply struct {
	Data    any    `json:"data"`
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
	Success bool   `json:"success"`
}

func (r Refusal) reply() reply {
	return reply{
		Code: fmt.Sprintf("%06d", r.Code), Message: r.Message,
		Data: map[string]any{"sqlState": r.SQLState, "queryId": "01b43b22-0509-2fce-0003-29019743c0af"},
	}
}

// read decodes a body into a value and refuses unknown keys.
func (s *Server) read(r *http.Request, into any) {
	body := json.NewDecoder(r.Body)
	body.DisallowUnknownFields()
	if err := body.Decode(into); err != nil {
		s.t.Errorf("fakesnowflake: %s %s: %v", r.Method, r.URL.Path, err)
	}
}

// parameters returns the request's parameters. It refuses names other than these; request
// identifiers are always allowed.
func (s *Server) parameters(r *http.Request, known ...string) url.Values {
	known = append(known, "requestId", "request_guid", "retryCount", "retryReason", "clientStartTime")
	for name := range r.URL.Query() {
		if !slices.Contains(known, name) {
			s.t.Errorf("fakesnowflake: %s %s: unknown parameter %s", r.Method, r.URL.Path, name)
		}
	}
	return r.URL.Query()
}

// authorized fails the test if a request does not carry the session's own token.
func (s *Server) authorized(r *http.Request, kind string) {
	if !strings.HasPrefix(r.Header.Get("Authorization"), `Snowflake Token="`+kind+"-token-") {
		s.t.Errorf("fakesnowflake: %s %s: authorization %q is not a %s token", r.Method, r.URL.Path,
			r.Header.Get("Authorization"), kind)
	}
}
