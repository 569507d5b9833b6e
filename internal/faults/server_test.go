//go:build unix

package faults

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/postgres"
)

// between answers a request to GitHub, perhaps with forward.
type between func(out http.ResponseWriter, r *http.Request, forward func(http.ResponseWriter))

// front puts f before the fake GitHub.
func (w *world) front(f between) { w.between = f }

// gitHub starts the server that dbt-tally takes for GitHub's and returns its URL. It keeps
// every request.
func (w *world) gitHub() string {
	w.t.Helper()
	target, err := url.Parse(w.forge.URL())
	if err != nil {
		w.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	// A connection that is reused may belong to the server of a test that has ended.
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // an incomplete one is kept, too
		r.Body = io.NopCloser(bytes.NewReader(body))
		header := r.Header.Clone()
		header.Del("Authorization")
		w.mu.Lock()
		w.requests = append(w.requests, fmt.Sprint(r.Method, " ", r.URL, " ", header, " ", string(body)))
		w.mu.Unlock()
		forward := func(out http.ResponseWriter) { proxy.ServeHTTP(out, r) }
		if w.between == nil {
			forward(out)
		} else {
			w.between(out, r, forward)
		}
	}))
	s.Config.ErrorLog = proxy.ErrorLog
	s.Start()
	w.t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// received returns the requests to GitHub.
func (w *world) received() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

// hangUp ends the connection of a request.
func hangUp() { panic(http.ErrAbortHandler) }

// silent returns the port of a server that accepts connections and never answers.
func (w *world) silent() string {
	w.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { listener.Close() })
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// lock keeps a table locked until unlock or the end of the test.
func (w *world) lock(table string) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.db.Hold(ctx, "lock table "+table)
	}()
	w.unlocks = append(w.unlocks, func() { cancel(); <-done })
	w.t.Cleanup(w.unlock)
	for range 100 {
		rows := w.db.Query(w.t, "select 1 from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = '"+
			table+"'::regclass")
		if len(rows) > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s was never locked", table)
}

// unlock ends all locks.
func (w *world) unlock() {
	for _, end := range w.unlocks {
		end()
	}
}

// later runs f after a while, unless the test has ended by then.
func (w *world) later(d time.Duration, f func()) {
	timer := time.AfterFunc(d, f)
	w.t.Cleanup(func() { timer.Stop() })
}

// as makes dbt and dbt-tally log in as another user.
func (w *world) as(login postgres.Database) {
	w.env["PGUSER"], w.env["PGPASSWORD"] = login.User, login.Password
	w.passwords = append(w.passwords, login.Password)
}
