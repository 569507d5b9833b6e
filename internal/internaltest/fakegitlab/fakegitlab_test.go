package fakegitlab

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/fault"
)

// recorder is a test that only notes what failed.
type recorder struct {
	*testing.T
	failures []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// reply is the answer to a request.
type reply struct {
	StatusCode int
	Header     http.Header
}

func send(t *testing.T, s *Server, token, request, body string) (reply, string) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header}, string(text)
}

func TestWhatTheFakeDoesNotSupportFailsTheTest(t *testing.T) {
	t.Parallel()
	const notes, discussions = "POST /projects/11/merge_requests/7/notes", "POST /projects/11/merge_requests/7/discussions"
	for _, tt := range []struct{ request, body, want string }{
		{"GET /projects/11/pipelines", "", "unknown request GET /api/v4/projects/11/pipelines"},
		{"GET /projects/11/merge_requests/7/notes?activity_filter=only", "", `parameter "activity_filter"`},
		{notes, `{"body":"text","internal":true}`, `field "internal"`},
		{notes, `{"body":5}`, "cannot unmarshal"},
		{notes, `{"body":"text\n/merge"}`, "the note has a quick action: /m"},
		{discussions, `{"body":"text","position":{"position_type":"text"}}`, "without the whole of its position"},
		{"PUT /projects/11/merge_requests/7/discussions/1/notes/1", `{"body":"text","resolved":true}`, "either a body or resolved"},
	} {
		r := &recorder{T: t}
		s := New(r, Options{})
		answer, _ := send(t, s, Token, tt.request, tt.body)
		if len(r.failures) != 1 || !strings.Contains(r.failures[0], tt.want) || answer.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s %s: %d, %q; want %q", tt.request, tt.body, answer.StatusCode, r.failures, tt.want)
		}
	}
}

func TestTokensAreChecked(t *testing.T) {
	t.Parallel()
	const list, create = "GET /projects/11/merge_requests/7/notes", "POST /projects/11/merge_requests/7/notes"
	s := New(t, Options{Tokens: map[string]Access{
		"reporter": {"bot", "api", Reporter}, "reads": {"bot", "read_api", Developer}, "guest": {"bot", "api", Guest},
		"stranger": {"bot", "api", 0}, "job": {User: "alice"},
	}})
	for _, tt := range []struct {
		token, request string
		want           int
	}{
		{"reporter", list, 200},
		{"reporter", create, 201},
		{"reads", list, 200},
		{"reads", create, 403},
		{"guest", list, 403},
		{"stranger", list, 404},
		{"job", list, 404},
		{"job", create, 401},
		{"expired", list, 401},
		{"reporter", "GET /projects/12/merge_requests/7/notes", 404},
		{"reporter", "GET /projects/11/merge_requests/8/notes", 404},
	} {
		body := ""
		if strings.HasPrefix(tt.request, "POST") {
			body = `{"body":"text"}`
		}
		if answer, text := send(t, s, tt.token, tt.request, body); answer.StatusCode != tt.want {
			t.Errorf("%s %s: %d %s, want %d", tt.token, tt.request, answer.StatusCode, text, tt.want)
		}
	}
	if n := len(s.Notes(MergeRequest)); n != 1 {
		t.Errorf("%d notes, want one", n)
	}
}

func TestListsHavePages(t *testing.T) {
	t.Parallel()
	s := New(t, Options{})
	for i := range 45 {
		s.AddNote(Note{MergeRequest: MergeRequest, Author: "alice", Body: fmt.Sprint("note ", i)})
	}
	for _, tt := range []struct {
		query, next string
		want        int
	}{
		{"sort=asc", "2", 20}, {"page=3", "", 5}, {"per_page=100", "", 45}, {"per_page=30&page=1", "2", 30}, {"page=9", "", 0},
	} {
		answer, text := send(t, s, Token, "GET /projects/11/merge_requests/7/notes?"+tt.query, "")
		var notes []struct{ Body string }
		if err := json.Unmarshal([]byte(text), &notes); err != nil {
			t.Fatal(err)
		}
		if len(notes) != tt.want || answer.Header.Get("X-Next-Page") != tt.next {
			t.Errorf("%s: %d notes and the next page %q; want %d and %q", tt.query, len(notes), answer.Header.Get("X-Next-Page"), tt.want, tt.next)
		}
	}
}

func TestOnlyItsAuthorEditsANote(t *testing.T) {
	t.Parallel()
	s := New(t, Options{})
	id := s.AddNote(Note{MergeRequest: MergeRequest, Author: "alice", Body: "hers"})
	for _, request := range []string{"PUT", "DELETE"} {
		answer, _ := send(t, s, Token, fmt.Sprintf("%s /projects/11/merge_requests/7/notes/%d", request, id), `{"body":"mine"}`)
		if answer.StatusCode != http.StatusForbidden || s.Notes(MergeRequest)[0].Body != "hers" {
			t.Errorf("%s: %d, notes %+v", request, answer.StatusCode, s.Notes(MergeRequest))
		}
	}
}

func TestFaultsEnd(t *testing.T) {
	t.Parallel()
	s := New(t, Options{Root: "/git"})
	s.Fail("GET", "/user", fault.Fault{Status: 429, Times: 1})
	s.Fail("GET", "/user", fault.Fault{Status: 503})
	for _, want := range []int{429, 503, 503} {
		if answer, _ := send(t, s, Token, "GET /user", ""); answer.StatusCode != want {
			t.Errorf("%d, want %d", answer.StatusCode, want)
		}
	}
	s.Heal()
	if answer, text := send(t, s, Token, "GET /user", ""); answer.StatusCode != http.StatusOK || !strings.Contains(text, Bot) {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
}
