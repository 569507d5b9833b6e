package fakegithub

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	issues   = "/repos/acme/shop/issues"
	comments = issues + "/7/comments"
	pulls    = "/repos/acme/shop/pulls"
	checks   = "/repos/acme/shop/check-runs"
)

func TestUnsupportedRequestsFailTheTest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, method, path, body, want string }{
		{"unknown path", "GET", "/repos/acme/shop/pulls/7", "", "unknown request GET /repos/acme/shop/pulls/7"},
		{"unknown method", "PUT", comments, "", "unknown request PUT " + comments},
		{"unknown query", "POST", "/graphql", `{"query":"query { viewer { name } }"}`, "unknown GraphQL query"},
		{"no query", "POST", "/graphql", `[]`, "graphql: "},
		{"body against the description", "POST", comments, `{"body":1}`, "request against GitHub's description"},
		{"no body", "POST", comments, `{}`, "request against GitHub's description"},
		{"parameter against the description", "GET", comments + "?page=two", "", "request against GitHub's description"},
		{"unknown field", "POST", comments, `{"body":"x","text":"y"}`, `unknown field "text"`},
		{"unknown field of an issue", "POST", issues, `{"title":"x","labels":["y"]}`, `unknown field "labels"`},
		{"issue without a title", "POST", issues, `{"body":"x"}`, "request against GitHub's description"},
		{"review that approves", "POST", pulls + "/7/reviews", `{"event":"APPROVE"}`, `review "APPROVE"`},
		{
			"review comment at a line, alone", "POST", pulls + "/7/comments",
			`{"commit_id":"c0ffee","path":"a.sql","body":"x"}`, "review comment alone",
		},
		{
			"check run that is not done", "POST", checks,
			`{"name":"x","head_sha":"c0ffee","status":"queued"}`, `check run "queued"`,
		},
		{
			"check run with another conclusion", "POST", checks,
			`{"name":"x","head_sha":"c0ffee","status":"completed","conclusion":"good"}`, "request against GitHub's description",
		},
		{"unknown state", "PATCH", issues + "/7", `{"state":"done"}`, "request against GitHub's description"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(tt.want, "GitHub's description") {
				needDescription(t)
			}
			spy := &spy{T: t}
			gh := New(spy, Options{})

			if status, _, _ := send(t, gh, JobToken, tt.method, tt.path, tt.body); status != http.StatusNotImplemented {
				t.Errorf("answered %d, want 501", status)
			}
			if got := spy.complaint(); !strings.Contains(got, tt.want) {
				t.Errorf("complained %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAnswersAreHeldToTheDescription(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]answer{
		"missing fields": {status: http.StatusOK, body: []any{map[string]any{"id": 1}}},
		"no body":        {status: http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needDescription(t)
			spy := &spy{T: t}
			s := New(spy, Options{})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL()+comments, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+JobToken)
			for name, value := range map[string]string{"owner": "acme", "repo": "shop", "issue_number": "7"} {
				r.SetPathValue(name, value)
			}

			s.checked(operation{http.MethodGet, commentsPath, func(*Server, *http.Request) answer { return bad }}, r)

			if got := spy.complaint(); !strings.Contains(got, "answer 200 against GitHub's description") {
				t.Errorf("complained %q", got)
			}
		})
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	gh := New(t, Options{Tokens: map[string]Token{
		"writer": {Login: "alice"},
		"reader": {Login: ActionsBot, ReadOnly: true},
		"app":    {Login: ActionsBot},
	}})
	checkRun := func(commit string) string {
		return fmt.Sprintf(`{"name":"x","head_sha":%q,"status":"completed","conclusion":"success","output":{"title":"x","summary":"y"}}`, commit)
	}
	theirs := fmt.Sprintf("%s/%d", checks,
		gh.AddCheckRun(CheckRun{App: "another", Commit: HeadSHA, Name: "x", Conclusion: "success"}))
	comment := fmt.Sprintf("/repos/acme/shop/issues/comments/%d", gh.AddComment(PullRequest, "alice", "text"))
	gh.AddFile(File{PullRequest: PullRequest, Path: "a.sql", Patch: "@@ -1,2 +1,3 @@\n one\n+two\n three"})
	review := func(commit, path string, line int) string {
		return fmt.Sprintf(`{"commit_id":%q,"event":"COMMENT","comments":[{"path":%q,"body":"x","line":%d,"side":"RIGHT"}]}`, commit, path, line)
	}
	remark := func(commit, path, text string) string {
		return fmt.Sprintf(`{"commit_id":%q,"path":%q,"body":%q,"subject_type":"file"}`, commit, path, text)
	}
	for _, tt := range []struct {
		token, method, path, body string
		want                      int
	}{
		{"", "GET", comments, "", 401},
		{"stranger", "POST", "/graphql", `{"query":"query { viewer { login } }"}`, 401},
		{"reader", "GET", comments, "", 200},
		{"reader", "POST", "/graphql", `{"query":"query { viewer { login } }"}`, 200},
		{"reader", "POST", comments, `{"body":"x"}`, 403},
		{"reader", "PATCH", comment, `{"body":"x"}`, 403},
		{"reader", "DELETE", comment, "", 403},
		{"reader", "GET", issues, "", 200},
		{"reader", "GET", pulls, "", 200},
		{"reader", "POST", issues, `{"title":"x"}`, 403},
		{"reader", "PATCH", issues + "/7", `{"title":"x"}`, 403},
		{"writer", "GET", "/repos/acme/other/issues/7/comments", "", 404},
		{"writer", "GET", "/repos/acme/shop/issues/8/comments", "", 404},
		{"writer", "POST", "/repos/acme/shop/issues/8/comments", `{"body":"x"}`, 404},
		{"writer", "PATCH", "/repos/acme/shop/issues/comments/1", `{"body":"x"}`, 404},
		{"writer", "DELETE", "/repos/acme/shop/issues/comments/1", "", 404},
		{"writer", "POST", comments, `{"body":" "}`, 422},
		{"writer", "POST", comments, `{"body":"` + strings.Repeat("ü", maxBody+1) + `"}`, 422},
		{"writer", "POST", comments, `{"body":"` + strings.Repeat("ü", maxBody) + `"}`, 201},
		{"writer", "PATCH", comment, `{"body":"` + strings.Repeat("ü", maxBody+1) + `"}`, 422},
		{"writer", "PATCH", comment, `{"body":"x"}`, 200},
		{"writer", "DELETE", comment, "", 204},
		{"writer", "POST", issues, `{"title":" "}`, 422},
		{"writer", "POST", issues, `{"title":"` + strings.Repeat("ü", maxTitle+1) + `"}`, 422},
		{"writer", "POST", issues, `{"title":"x","body":"` + strings.Repeat("ü", maxBody+1) + `"}`, 422},
		{"writer", "POST", issues, `{"title":"` + strings.Repeat("ü", maxTitle) + `"}`, 201},
		{"writer", "POST", issues + "/8/comments", `{"body":"on the issue"}`, 201},
		{"writer", "PATCH", issues + "/8", `{"title":""}`, 422},
		{"writer", "PATCH", issues + "/8", `{"state":"closed"}`, 200},
		{"writer", "PATCH", issues + "/9", `{"title":"x"}`, 404},
		{"reader", "GET", pulls + "/7/files", "", 200},
		{"reader", "GET", pulls + "/7/comments", "", 200},
		{"reader", "POST", pulls + "/7/reviews", review("c0ffee", "a.sql", 2), 403},
		{"writer", "GET", pulls + "/8/files", "", 404},
		{"writer", "GET", pulls + "/8/comments", "", 404},
		{"writer", "POST", pulls + "/8/comments", remark("c0ffee", "a.sql", "x"), 404},
		{"writer", "POST", pulls + "/8/reviews", review("c0ffee", "a.sql", 2), 404},
		{"writer", "POST", pulls + "/7/reviews", review("5eed", "a.sql", 2), 422},
		{"writer", "POST", pulls + "/7/reviews", review("c0ffee", "b.sql", 2), 422},
		{"writer", "POST", pulls + "/7/reviews", review("c0ffee", "a.sql", 4), 422},
		{"writer", "POST", pulls + "/7/reviews", review("c0ffee", "a.sql", 2), 200},
		{"writer", "POST", pulls + "/7/comments", remark("c0ffee", "b.sql", "x"), 422},
		{"writer", "POST", pulls + "/7/comments", remark("c0ffee", "a.sql", strings.Repeat("ü", maxBody+1)), 422},
		{"writer", "POST", pulls + "/7/comments", remark("c0ffee", "a.sql", strings.Repeat("ü", maxBody)), 201},
		{"reader", "GET", "/repos/acme/shop/commits/c0ffee/check-runs", "", 200},
		{"reader", "GET", "/repos/acme/shop/commits/5eed/check-runs", "", 422},
		{"reader", "POST", checks, checkRun("c0ffee"), 403},
		{"writer", "POST", checks, checkRun("c0ffee"), 403},
		{"app", "POST", checks, checkRun("5eed"), 422},
		{"app", "POST", checks, checkRun("c0ffee"), 201},
		{"app", "PATCH", theirs, `{"status":"completed","conclusion":"success"}`, 403},
		{"app", "PATCH", checks + "/1", `{"status":"completed","conclusion":"success"}`, 404},
		{"writer", "PATCH", pulls + "/comments/1", `{"body":"x"}`, 404},
		{"writer", "DELETE", pulls + "/comments/1", "", 404},
	} {
		if status, _, body := send(t, gh, tt.token, tt.method, tt.path, tt.body); status != tt.want {
			t.Errorf("%s: %s %s answered %d, want %d: %s", tt.token, tt.method, tt.path, status, tt.want, body)
		}
	}
}

var pageLink = regexp.MustCompile(`[?&](page=\d+)[^>]*>; rel="(\w+)"`)

func TestCommentsArePaged(t *testing.T) {
	t.Parallel()
	gh := New(t, Options{})
	for i := range 250 {
		gh.AddComment(PullRequest, "alice", fmt.Sprint(i))
	}
	type page struct {
		First, Last string
		Links       []string
	}
	for query, want := range map[string]page{
		"":                     {"0", "29", []string{"page=2 next", "page=9 last"}},
		"?per_page=100":        {"0", "99", []string{"page=2 next", "page=3 last"}},
		"?per_page=101":        {"0", "99", []string{"page=2 next", "page=3 last"}},
		"?per_page=100&page=2": {"100", "199", []string{"page=1 prev", "page=3 next", "page=3 last", "page=1 first"}},
		"?per_page=100&page=3": {"200", "249", []string{"page=2 prev", "page=1 first"}},
		"?per_page=100&page=4": {"", "", []string{"page=3 prev", "page=1 first"}},
	} {
		_, header, body := send(t, gh, JobToken, "GET", comments+query, "")
		var list []struct{ Body string }
		if err := json.Unmarshal(body, &list); err != nil {
			t.Fatal(err)
		}
		var got page
		if len(list) > 0 {
			got.First, got.Last = list[0].Body, list[len(list)-1].Body
		}
		for _, link := range pageLink.FindAllStringSubmatch(header.Get("Link"), -1) {
			got.Links = append(got.Links, link[1]+" "+link[2])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("page %q (-want +got):\n%s", query, diff)
		}
	}
}

func TestIssuesAreListedAsAskedFor(t *testing.T) {
	t.Parallel()
	gh := New(t, Options{})
	gh.Open(Issue{Author: "alice", Title: "hers"})
	gh.Open(Issue{Author: ActionsBot, Title: "the bot's"})
	gh.Open(Issue{Author: ActionsBot, Title: "done", State: "closed"})
	gh.Open(Issue{Author: "bob", Title: "of a fork", From: Branch{"bob/shop", "fix", "f00d"}})
	for query, want := range map[string][]string{
		issues: {"of a fork", "the bot's", "hers", "A feature"},
		issues + "?creator=github-actions%5Bbot%5D": {"the bot's"},
		issues + "?state=closed":                    {"done"},
		issues + "?state=all&per_page=2&page=2":     {"the bot's", "hers"},
		pulls:                                       {"of a fork", "A feature"},
		pulls + "?direction=asc":                    {"A feature", "of a fork"},
		pulls + "?head=acme:feature":                {"A feature"},
		pulls + "?head=acme:fix":                    nil,
		pulls + "?head=feature":                     {"of a fork", "A feature"},
		pulls + "?state=closed":                     nil,
	} {
		_, _, body := send(t, gh, JobToken, "GET", query, "")
		var list []struct{ Title string }
		if err := json.Unmarshal(body, &list); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range list {
			got = append(got, one.Title)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

func TestIssuesAreClosedForAReason(t *testing.T) {
	t.Parallel()
	gh := New(t, Options{})
	number := gh.Open(Issue{Author: "alice", Title: "hers", Body: "text"})
	path := fmt.Sprintf("%s/%d", issues, number)

	send(t, gh, JobToken, "PATCH", path, `{"state_reason":"completed","title":"renamed"}`)
	send(t, gh, JobToken, "PATCH", path, `{"state":"closed","state_reason":"not_planned"}`)
	send(t, gh, JobToken, "PATCH", path, `{"state":"closed","state_reason":"completed"}`)

	want := []Issue{{
		Number: number, Author: "alice", Title: "renamed", Body: "text", State: "closed",
		Reason: "not_planned",
	}}
	if diff := cmp.Diff(want, gh.Issues()); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
}

func TestLockedAndDeletedIssuesTakeNothing(t *testing.T) {
	t.Parallel()
	gh := New(t, Options{})
	gh.Lock(PullRequest)
	gh.RemoveIssue(gh.Open(Issue{Author: "alice", Title: "hers"}))

	if status, _, body := send(t, gh, JobToken, "POST", comments,
		`{"body":"x"}`); status != 403 || !strings.Contains(string(body), "issue is locked") {
		t.Errorf("comment on a locked issue: answered %d: %s", status, body)
	}
	remark := `{"commit_id":"c0ffee","path":"a.sql","body":"x","subject_type":"file"}`
	if status, _, body := send(t, gh, JobToken, "POST", pulls+"/7/comments",
		remark); status != 422 || !strings.Contains(string(body), "lock prevents review") {
		t.Errorf("review comment on a locked issue: answered %d: %s", status, body)
	}
	if status, _, body := send(t, gh, JobToken, "PATCH", issues+"/8", `{"title":"x"}`); status != 410 {
		t.Errorf("edit of a deleted issue: answered %d: %s", status, body)
	}
}

func TestFaultsAreUsedUp(t *testing.T) {
	t.Parallel()
	gh := New(t, Options{})
	gh.Fail("GET", "/repos/*/*/issues/*/comments", Fault{Status: 429, RetryAfter: 90e9, Times: 2})
	gh.Fail("GET", "/repos/*/*/issues/*/comments", Fault{Status: 500, Times: 1})
	var got []string
	for range 4 {
		status, header, _ := send(t, gh, JobToken, "GET", comments, "")
		got = append(got, fmt.Sprint(status, header.Get("Retry-After")))
	}
	if diff := cmp.Diff([]string{"42990", "42990", "500", "200"}, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func send(t *testing.T, gh *Server, token, method, path, body string) (int, http.Header, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, gh.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, text
}

// needDescription skips the test if GitHub's description is not installed. Other tests
// then run without it, so this skip is the only sign that they did not check it.
func needDescription(t *testing.T) {
	t.Helper()
	if description, err := load(); description == nil && err == nil {
		t.Skipf("GitHub's OpenAPI description is not installed at .cache/%s: run make tools", descriptionPath)
	}
}

// spy records the failures that a test would have reported.
type spy struct {
	*testing.T
	mu         sync.Mutex
	complaints []string
}

func (s *spy) Errorf(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.complaints = append(s.complaints, fmt.Sprintf(format, args...))
}

func (s *spy) complaint() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.complaints, "\n")
}

func TestCheckRunsOfACommitAreTheLatestUnlessAllAreAskedFor(t *testing.T) {
	t.Parallel()
	gh := New(t, Options{})
	for _, c := range []CheckRun{
		{App: "a", Name: "x"},
		{App: "b", Name: "x"},
		{App: "a", Name: "y"},
		{App: "a", Name: "x"},
	} {
		c.Commit, c.Conclusion = HeadSHA, "success"
		gh.AddCheckRun(c)
	}
	for query, want := range map[string]int{
		"": 3, "?check_name=x": 2, "?check_name=x&filter=all": 3,
		"?filter=all&per_page=1": 1,
	} {
		_, _, body := send(t, gh, JobToken, "GET", "/repos/acme/shop/commits/c0ffee/check-runs"+query, "")
		var got struct {
			Runs []any `json:"check_runs"`
		}
		if err := json.Unmarshal(body, &got); err != nil || len(got.Runs) != want {
			t.Errorf("%q: %d check runs, %v; want %d", query, len(got.Runs), err, want)
		}
	}
}
