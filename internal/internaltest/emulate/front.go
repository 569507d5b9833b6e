package emulate

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// serveFront answers the requests for which the emulator (0.11.2) differs from GitHub,
// forwards all others, and returns the port.
func (g *GitHub) serveFront(t testing.TB) int {
	t.Helper()
	emulator, err := url.Parse(g.emulator)
	if err != nil {
		t.Fatal(err)
	}
	// 127.0.0.1 alone would not be reachable from containers.
	listener, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	pull := fmt.Sprintf("/repos/%s/pulls/%d", Repository, g.PullRequest)
	mux := http.NewServeMux()
	mux.Handle("/", httputil.NewSingleHostReverseProxy(emulator))
	mux.HandleFunc("GET "+pull+"/files", respond(g.files))
	mux.HandleFunc("POST "+pull+"/reviews", respond(g.review))
	front := &httptest.Server{Listener: listener, Config: &http.Server{Handler: mux}}
	front.Start()
	t.Cleanup(front.Close)
	return listener.Addr().(*net.TCPAddr).Port
}

// files returns the differences between the branches, because the emulator invents file
// names.
func (g *GitHub) files(r *http.Request) (any, error) {
	var compared struct{ Files []any }
	err := g.call(r.Context(), http.MethodGet, "/compare/main..."+HeadBranch, nil, &compared)
	return compared.Files, err
}

// review creates the comments one by one, because the emulator supports comments at a
// line, but not in a review.
func (g *GitHub) review(r *http.Request) (any, error) {
	var in struct {
		Commit   string           `json:"commit_id"`
		Event    string           `json:"event"`
		Comments []map[string]any `json:"comments"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return nil, err
	}
	pull := fmt.Sprintf("/pulls/%d", g.PullRequest)
	for _, comment := range in.Comments {
		comment["commit_id"] = in.Commit
		if err := g.call(r.Context(), http.MethodPost, pull+"/comments", comment, nil); err != nil {
			return nil, err
		}
	}
	var made any
	err := g.call(r.Context(), http.MethodPost, pull+"/reviews",
		map[string]any{"commit_id": in.Commit, "event": in.Event}, &made)
	return made, err
}

// respond answers with the result of find, or with 502.
func respond(find func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, err := find(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(found)
	}
}
