package gitlab

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegitlab"
)

// client returns a client with the project's token.
func client(t *testing.T, gl *fakegitlab.Server) *Client {
	t.Helper()
	return clientFor(t, gl, fakegitlab.Token, nil)
}

func clientFor(t *testing.T, gl *fakegitlab.Server, token string, transport http.RoundTripper) *Client {
	t.Helper()
	c, err := New(Config{
		HTTP: &http.Client{Transport: transport}, APIURL: gl.URL(), ServerURL: gl.ServerURL(), Token: token,
		Project: fakegitlab.Project, Path: fakegitlab.Path,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.send.Pause = time.Millisecond
	return c
}

func comment(run int64, body string) forge.Comment {
	return forge.Comment{PullRequest: fakegitlab.MergeRequest, Key: "ci", RunID: run, RunAttempt: 1, Body: body}
}

func post(t *testing.T, c *Client, cm forge.Comment) forge.Posted {
	t.Helper()
	posted, err := c.Comment(t.Context(), cm)
	if err != nil {
		t.Error(err)
	}
	return posted
}

// marked is the text of a note by a run.
func marked(run int64, text string) string {
	return forge.Sticky{Marker: forge.Marker{Key: "ci", RunID: run, RunAttempt: 1}, Text: text}.Body()
}

// texts are the authors and the texts of notes, without markers.
func texts(notes []fakegitlab.Note) []string {
	var list []string
	for _, n := range notes {
		text := n.Body
		if _, rest, ok := forge.Split(n.Body); ok {
			text = rest
		}
		list = append(list, n.Author+": "+text)
	}
	return list
}

// requests counts the requests that begin with prefix.
func requests(gl *fakegitlab.Server, prefix string) int {
	n := 0
	for _, r := range gl.Requests() {
		if strings.HasPrefix(r, prefix) {
			n++
		}
	}
	return n
}

func wantKind(t *testing.T, err, kind error, parts ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}
