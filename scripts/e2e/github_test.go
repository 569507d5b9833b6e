//go:build e2e

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

const (
	repository = "acme/shop"
	jobToken   = "the-job-token"
)

// emulator is a GitHub that somebody else wrote (npm's emulate), with one pull
// request: what our own fake takes for granted, this one need not.
type emulator struct {
	t           *testing.T
	port        int
	pullRequest int
}

func startGitHub(t *testing.T, root string) emulator {
	t.Helper()
	e := emulator{t: t, port: freePort(t)}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(root, ".cache/emulate/node_modules/emulate/dist/index.js"),
		"start", "--service", "github", "--port", fmt.Sprint(e.port), "--seed", filepath.Join(root, "scripts/e2e/seed.yaml"))
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatalf("start the emulated GitHub: %v", err)
	}
	deadline := time.Now().Add(time.Minute)
	for {
		answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/zen", e.port))
		if err == nil {
			answer.Body.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the emulated GitHub does not answer: %v", err)
		}
		time.Sleep(100 * time.Millisecond)
	}
	e.openPullRequest()
	return e
}

func (e *emulator) openPullRequest() {
	var main struct{ Object struct{ SHA string } }
	e.call("GET", "/git/ref/heads/main", nil, &main)
	e.call("POST", "/git/refs", map[string]any{"ref": "refs/heads/feature", "sha": main.Object.SHA}, nil)
	e.call("PUT", "/contents/models/orders.sql", map[string]any{"branch": "feature", "message": "add orders", "content": "c2VsZWN0IDE="}, nil)
	var opened struct{ Number int }
	e.call("POST", "/pulls", map[string]any{"title": "Add orders", "head": "feature", "base": "main"}, &opened)
	e.pullRequest = opened.Number
}

// comments are the texts on the pull request.
func (e emulator) comments() []string {
	var comments []struct{ Body string }
	e.call("GET", fmt.Sprintf("/issues/%d/comments", e.pullRequest), nil, &comments)
	var texts []string
	for _, comment := range comments {
		texts = append(texts, comment.Body)
	}
	return texts
}

// event is what GitHub tells a job about its pull request.
func (e emulator) event() map[string]any {
	shop := map[string]any{"full_name": repository}
	return map[string]any{
		"number": e.pullRequest, "repository": shop,
		"pull_request": map[string]any{
			"number": e.pullRequest,
			"head":   map[string]any{"ref": "feature", "sha": "c0ffee", "repo": shop},
			"base":   map[string]any{"ref": "main"},
		},
	}
}

func (e emulator) call(method, path string, body, into any) {
	e.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		e.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(e.t.Context(), method, fmt.Sprintf("http://127.0.0.1:%d/repos/%s%s", e.port, repository, path), bytes.NewReader(text))
	if err != nil {
		e.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+jobToken)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		e.t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		e.t.Fatalf("%s %s: %s", method, path, answer.Status)
	}
	if into == nil {
		return
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		e.t.Fatalf("%s %s: %v", method, path, err)
	}
}
