package gitlab

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegitlab"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fault"
)

const bot = fakegitlab.Bot

func TestFirstNoteIsCreated(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{Root: "/git"})
	posted := post(t, client(t, gl), comment(10, "### hello\n"))

	want := forge.Posted{URL: gl.ServerURL() + "/acme/shop/-/merge_requests/7#note_1001", Outcome: forge.Created}
	if posted != want {
		t.Errorf("posted %+v, want %+v", posted, want)
	}
	notes := gl.Notes(fakegitlab.MergeRequest)
	if body := "<!-- dbt-tally: {\"key\":\"ci\",\"run_id\":10,\"run_attempt\":1} -->\n### hello\n"; len(notes) != 1 ||
		notes[0].Author != bot || notes[0].Body != body {
		t.Errorf("notes %+v, want one of the bot with %q", notes, body)
	}
}

func TestNoteIsUpdatedInPlaceBehindManyOthers(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	for i := range 250 {
		gl.AddNote(fakegitlab.Note{MergeRequest: 7, Author: "alice", Body: fmt.Sprint("remark ", i)})
	}
	c := client(t, gl)
	post(t, c, comment(10, "first"))
	if got := post(t, c, comment(11, "second")).Outcome; got != forge.Updated {
		t.Errorf("outcome %q, want %q", got, forge.Updated)
	}
	edits := requests(gl, "PUT")
	if got := post(t, c, comment(12, "second\r\n")).Outcome; got != forge.Unchanged || requests(gl, "PUT") != edits {
		t.Errorf("outcome %q with %d edits, want %q without any", got, requests(gl, "PUT")-edits, forge.Unchanged)
	}
	if got := post(t, c, comment(9, "older")).Outcome; got != forge.Newer {
		t.Errorf("outcome %q, want %q", got, forge.Newer)
	}
	notes := texts(gl.Notes(fakegitlab.MergeRequest))
	if len(notes) != 251 || notes[250] != bot+": second" {
		t.Errorf("%d notes, the last is %q", len(notes), notes[len(notes)-1])
	}
}

func TestOnlyOurOwnNotesAreTouched(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	add := func(n fakegitlab.Note) { n.MergeRequest = 7; gl.AddNote(n) }
	add(fakegitlab.Note{Author: "mallory", Body: marked(99, "pasted")})
	add(fakegitlab.Note{Author: bot, Body: marked(99, "system"), System: true})
	add(fakegitlab.Note{Author: bot, Body: "look:\n" + marked(99, "quoted")})
	add(fakegitlab.Note{Author: bot, Body: strings.Replace(marked(99, "of another job"), "ci", "prod", 1)})
	add(fakegitlab.Note{Author: strings.ToUpper(bot), Body: marked(8, "ours")})
	add(fakegitlab.Note{Author: bot, Body: marked(9, "a duplicate")})
	for _, n := range gl.Notes(7) {
		if n.Author == strings.ToUpper(bot) { // GitLab compares names without case
			gl.RemoveNote(n.ID)
		}
	}
	add(fakegitlab.Note{Author: bot, Body: marked(8, "another duplicate")})

	if got := post(t, client(t, gl), comment(10, "new")).Outcome; got != forge.Updated {
		t.Errorf("outcome %q, want %q", got, forge.Updated)
	}
	want := []string{
		"mallory: pasted", bot + ": system", bot + ": look:\n" + marked(99, "quoted"), bot + ": of another job", bot + ": new",
	}
	if diff := cmp.Diff(want, texts(gl.Notes(7))); diff != "" {
		t.Errorf("notes (-want +got)\n%s", diff)
	}
}

func TestJobsThatCreateAtOnceLeaveOneNote(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	const jobs = 4
	var done sync.WaitGroup
	transport := fault.Together(jobs, func(r *http.Request) bool { return r.Method == http.MethodPost })
	for run := range jobs {
		c := clientFor(t, gl, fakegitlab.Token, transport)
		done.Go(func() { post(t, c, comment(int64(run+1), fmt.Sprint("of run ", run+1))) })
	}
	done.Wait()
	if n := requests(gl, "POST"); n != jobs {
		t.Errorf("%d creates, want %d", n, jobs)
	}
	if diff := cmp.Diff([]string{bot + ": of run 4"}, texts(gl.Notes(7))); diff != "" {
		t.Errorf("notes (-want +got)\n%s", diff)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A line of dbt's error or a model's name must not merge the request.
func TestQuickActionsInTheTextAreNotObeyed(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{}) // refuses them
	c := client(t, gl)
	text := "/merge\n```\n/close\r\n/approve\n```\na / b"
	post(t, c, comment(1, text))
	if got := post(t, c, comment(2, text)).Outcome; got != forge.Unchanged {
		t.Errorf("outcome %q, want %q", got, forge.Unchanged)
	}
	want := []string{bot + ":  /merge\n```\n /close\n /approve\n```\na / b"}
	if diff := cmp.Diff(want, texts(gl.Notes(7))); diff != "" {
		t.Errorf("notes (-want +got)\n%s", diff)
	}
	if _, err := c.Issue(t.Context(), forge.Issue{Key: "ci", RunID: 1, Breached: true, Title: "/x", Body: "/close"}); err != nil {
		t.Error(err)
	}
	gl.AddFile(fakegitlab.File{MergeRequest: 7, Path: "a.sql"})
	review := forge.Review{PullRequest: 7, Commit: fakegitlab.HeadSHA, Remarks: []forge.Remark{{Path: "a.sql", Text: "/close"}}}
	if err := c.Review(t.Context(), review); err != nil {
		t.Error(err)
	}
}

func TestAMergeRequestThatWasClosedMeanwhileStillGetsItsNote(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	c := client(t, gl)
	gl.Close(7)
	if got := post(t, c, comment(1, "late")).Outcome; got != forge.Created {
		t.Errorf("outcome %q, want %q", got, forge.Created)
	}
	head := forge.Head{Repository: fakegitlab.Path, Branch: fakegitlab.SourceBranch, SHA: fakegitlab.HeadSHA}
	if number, ok, err := c.OpenPullRequest(t.Context(), head); ok || err != nil {
		t.Errorf("found %d, %v; want no open one", number, err)
	}
}

func TestOpenMergeRequestOfABranch(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	gl.Open(fakegitlab.Request{IID: 8, Author: "mallory", Branch: "feature", SHA: fakegitlab.HeadSHA, Source: 12})
	gl.Open(fakegitlab.Request{IID: 9, Author: "alice", Branch: "feature", SHA: fakegitlab.HeadSHA, Source: fakegitlab.Project})
	c := client(t, gl)
	for name, test := range map[string]struct {
		head forge.Head
		want int
	}{
		"the oldest of the project":    {forge.Head{Branch: "feature", SHA: fakegitlab.HeadSHA}, 7},
		"a branch that has moved on":   {forge.Head{Branch: "feature", SHA: "0ld"}, 0},
		"a branch without any request": {forge.Head{Branch: "main", SHA: fakegitlab.HeadSHA}, 0},
	} {
		number, ok, err := c.OpenPullRequest(t.Context(), test.head)
		if number != test.want || ok != (test.want != 0) || err != nil {
			t.Errorf("%s: got %d, %t, %v; want %d", name, number, ok, err, test.want)
		}
	}
}

func TestChangedFilesWithBothNames(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	gl.AddFile(fakegitlab.File{MergeRequest: 7, Path: "b.sql", Old: "a.sql"})
	gl.AddFile(fakegitlab.File{MergeRequest: 7, Path: "c.sql"})
	files, err := client(t, gl).ChangedFiles(t.Context(), 7)
	if diff := cmp.Diff([]string{"a.sql", "b.sql", "c.sql"}, files); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestTokenStaysOnGitLabsHost(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 10)
	login := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Get("Authorization") + r.Header.Get("Private-Token")
	}))
	t.Cleanup(login.Close)
	proxy := httptest.NewServer(http.RedirectHandler(login.URL, http.StatusTemporaryRedirect))
	t.Cleanup(proxy.Close)
	c, err := New(Config{APIURL: proxy.URL, Token: "secret", Project: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Comment(t.Context(), comment(1, "text")); err == nil || len(seen) == 0 {
		t.Fatalf("got %v after %d redirected requests", err, len(seen))
	}
	for range len(seen) {
		if got := <-seen; got != "" {
			t.Errorf("the other host received %q", got)
		}
	}
}

func TestNewRefusesWhatIsNoURL(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "gitlab.example", "https://user:hunter2@gitlab:x", "ftp://gitlab"} {
		_, err := New(Config{APIURL: url})
		if err == nil || !strings.HasPrefix(err.Error(), "CI_API_V4_URL: not a URL; set ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}
