package github

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

func TestFirstCommentIsCreated(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})

	posted := post(t, client(t, gh), forge.Comment{Key: "prod", RunID: 10, RunAttempt: 1, Body: "### hello\n"})

	want := []fakegithub.Comment{{
		ID: 1001, PullRequest: fakegithub.PullRequest, Author: fakegithub.ActionsBot,
		Body: `<!-- dbt-tally: {"key":"prod","run_id":10,"run_attempt":1} -->` + "\n### hello\n",
	}}
	if diff := cmp.Diff(want, gh.Comments(fakegithub.PullRequest)); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
	if want := postedAs("https://github.com/acme/shop/pull/7#issuecomment-1001", forge.Created); posted != want {
		t.Errorf("posted %+v, want %+v", posted, want)
	}
}

func TestCommentIsUpdatedInPlaceBehindManyOthers(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	for i := range 250 {
		gh.AddComment(fakegithub.PullRequest, "alice", fmt.Sprint("remark ", i))
	}
	c := client(t, gh)
	post(t, c, forge.Comment{RunID: 10, Body: "first"})

	posted := post(t, c, forge.Comment{RunID: 11, Body: "second"})

	if posted.Outcome != forge.Updated {
		t.Errorf("outcome %q, want %q", posted.Outcome, forge.Updated)
	}
	wantOurs(t, gh, "second")
	if n := len(gh.Comments(fakegithub.PullRequest)); n != 251 {
		t.Errorf("%d comments, want 251", n)
	}
}

func TestEqualTextIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	edited := strings.ReplaceAll(forge.Marker{RunID: 10}.String()+"\ntwo\nlines\n", "\n", "\r\n")
	gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, edited)

	posted := post(t, client(t, gh), forge.Comment{RunID: 11, Body: "two\nlines"})

	if posted.Outcome != forge.Unchanged {
		t.Errorf("outcome %q, want %q", posted.Outcome, forge.Unchanged)
	}
	if n := requests(gh, http.MethodPatch); n != 0 {
		t.Errorf("%d edits, want none", n)
	}
}

func TestOlderRunDoesNotOverwriteNewer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		run  forge.Comment
		want forge.Outcome
	}{
		{"older run", forge.Comment{RunID: 9, RunAttempt: 5}, forge.Newer},
		{"older attempt of the run", forge.Comment{RunID: 10, RunAttempt: 1}, forge.Newer},
		{"same attempt", forge.Comment{RunID: 10, RunAttempt: 2}, forge.Updated},
		{"re-run", forge.Comment{RunID: 10, RunAttempt: 3}, forge.Updated},
		{"newer run", forge.Comment{RunID: 11, RunAttempt: 1}, forge.Updated},
		{"same attempt, already posted", forge.Comment{RunID: 10, RunAttempt: 2, OnlyNewer: true}, forge.Unchanged},
		{"re-run, not posted yet", forge.Comment{RunID: 10, RunAttempt: 3, OnlyNewer: true}, forge.Updated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			c := client(t, gh)
			post(t, c, forge.Comment{RunID: 10, RunAttempt: 2, Body: "there"})
			tt.run.Body = "another"

			if got := post(t, c, tt.run).Outcome; got != tt.want {
				t.Errorf("outcome %q, want %q", got, tt.want)
			}
			wantOurs(t, gh, map[forge.Outcome]string{forge.Newer: "there", forge.Unchanged: "there", forge.Updated: "another"}[tt.want])
		})
	}
}

func TestDuplicatesAreRemoved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		run     int64
		body    string
		want    forge.Outcome
		wantID  int64
		wantRun string
	}{
		{"the oldest is kept and updated", 13, "new", forge.Updated, 1001, `"run_id":13`},
		{"the oldest is kept, with the newest run's marker", 13, "of 12", forge.Updated, 1001, `"run_id":13`},
		{"the oldest is kept, with a newer run's text", 10, "new", forge.Newer, 1001, `"run_id":12`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{RunID: 9}.String()+"\nof 12")
			gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{RunID: 12}.String()+"\nof 12")
			gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{RunID: 11}.String()+"\nof 11")

			posted := post(t, client(t, gh), forge.Comment{RunID: tt.run, Body: tt.body})

			if posted.Outcome != tt.want {
				t.Errorf("outcome %q, want %q", posted.Outcome, tt.want)
			}
			left := gh.Comments(fakegithub.PullRequest)
			if len(left) != 1 || left[0].ID != tt.wantID || !strings.Contains(left[0].Body, tt.wantRun) {
				t.Errorf("left %+v, want only %d with %s", left, tt.wantID, tt.wantRun)
			}
		})
	}
}

func TestCommentsOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	mine := forge.Marker{Key: "prod", RunID: 1}.String()
	for name, other := range map[string]fakegithub.Comment{
		"pasted by another user": {Author: "mallory", Body: mine + "\nowned"},
		"deleted account":        {Author: "", Body: mine + "\nowned"},
		"quoted further down":    {Author: fakegithub.ActionsBot, Body: "look:\n" + mine},
		"another key":            {Author: fakegithub.ActionsBot, Body: forge.Marker{Key: "ci"}.String() + "\nof ci"},
		"not a marker after all": {Author: fakegithub.ActionsBot, Body: "<!-- dbt-tally: {key} -->\n"},
		"no marker":              {Author: fakegithub.ActionsBot, Body: "dbt-tally"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			gh.AddComment(fakegithub.PullRequest, other.Author, other.Body)

			if got := post(t, client(t, gh), forge.Comment{Key: "prod", RunID: 2, Body: "ours"}).Outcome; got != forge.Created {
				t.Errorf("outcome %q, want %q", got, forge.Created)
			}
			if got := gh.Comments(fakegithub.PullRequest)[0].Body; got != other.Body {
				t.Errorf("the other comment became %q", got)
			}
		})
	}
}

func TestHostileKeysStayInTheMarker(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := client(t, gh)
	keys := []string{
		"", "-->", "--!>", "a --> <b>", "<!-- x", "two\nlines", "nul\x00", `q"uo\te`, "prod / EU", "ünï", "prod",
	}
	for _, key := range keys {
		post(t, c, forge.Comment{Key: key, RunID: 1, Body: "one"})
	}
	for i, comment := range gh.Comments(fakegithub.PullRequest) {
		line, text, _ := strings.Cut(comment.Body, "\n")
		if strings.Count(line, ">") != 1 || !strings.HasSuffix(line, "-->") || text != "one" {
			t.Errorf("key %q ended the marker: %q", keys[i], comment.Body)
		}
	}
	for _, key := range keys {
		if got := post(t, c, forge.Comment{Key: key, RunID: 2, Body: "two"}).Outcome; got != forge.Updated {
			t.Errorf("key %q: outcome %q, want %q", key, got, forge.Updated)
		}
	}
}

func TestTheOwnerOfTheTokenIsLookedUp(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{Tokens: map[string]fakegithub.Token{"pat": {Login: "Alice"}}})
	gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{}.String()+"\nthe bot's")
	gh.AddComment(fakegithub.PullRequest, "alice", forge.Marker{}.String()+"\nher own")

	post(t, clientFor(t, gh.URL(), "pat", nil), forge.Comment{RunID: 1, Body: "updated"})

	var got []string
	for _, comment := range gh.Comments(fakegithub.PullRequest) {
		_, text, _ := forge.Split(comment.Body)
		got = append(got, text)
	}
	if diff := cmp.Diff([]string{"the bot's", "updated"}, got); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
}

// Some tokens cannot look up their owner. Then the answer to a create shows it.
func TestUnknownTokenOwnerStillEndsInOneComment(t *testing.T) {
	t.Parallel()
	for _, login := range []string{fakegithub.ActionsBot, "alice", "tally-app[bot]"} {
		t.Run(login, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{Tokens: map[string]fakegithub.Token{"secret": {Login: login}}})
			gh.Fail(http.MethodPost, "/graphql", fakegithub.Fault{
				Status: http.StatusForbidden, Message: "Resource not accessible",
			})
			c := clientFor(t, gh.URL(), "secret", nil)

			post(t, c, forge.Comment{RunID: 1, Body: "first"})
			post(t, c, forge.Comment{RunID: 2, Body: "second"})

			wantOurs(t, gh, "second")
		})
	}
}

func TestJobsThatCreateAtOnceLeaveOneComment(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	const jobs = 5
	var done sync.WaitGroup
	transport := together(jobs, "POST /repos/acme/shop/issues/7/comments")
	for run := range jobs {
		c := clientFor(t, gh.URL(), fakegithub.JobToken, transport)
		done.Go(func() {
			post(t, c, forge.Comment{RunID: int64(run), Body: fmt.Sprint("of run ", run)})
		})
	}
	done.Wait()

	if n := requests(gh, "POST /repos/"); n != jobs {
		t.Fatalf("%d creates, want %d", n, jobs)
	}
	wantOurs(t, gh, fmt.Sprint("of run ", jobs-1))
}

func TestNewerRunThatCreatesAtTheSameTimeWins(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := clientFor(t, gh.URL(), fakegithub.JobToken, before("POST /repos/acme/shop/issues/7/comments", func() {
		gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{RunID: 11}.String()+"\nof run 11")
	}))

	posted := post(t, c, forge.Comment{RunID: 10, Body: "of run 10"})

	if want := postedAs("https://github.com/acme/shop/pull/7#issuecomment-1001", forge.Newer); posted != want {
		t.Errorf("posted %+v, want %+v", posted, want)
	}
	wantOurs(t, gh, "of run 11")
}

func TestACreateCountsEvenIfTheListIsOutOfDate(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := clientFor(t, gh.URL(), fakegithub.JobToken, roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet {
			return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("[]")), Request: r}, nil
		}
		return http.DefaultTransport.RoundTrip(r)
	}))

	if got := post(t, c, forge.Comment{RunID: 1, Body: "text"}).Outcome; got != forge.Created {
		t.Errorf("outcome %q, want %q", got, forge.Created)
	}
	wantOurs(t, gh, "text")
}

func TestCommentDeletedBeforeTheEditIsCreatedAgain(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	id := gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{RunID: 1}.String()+"\nold")
	c := clientFor(t, gh.URL(), fakegithub.JobToken, before(
		fmt.Sprintf("PATCH /repos/acme/shop/issues/comments/%d", id), func() { gh.RemoveComment(id) },
	))

	if got := post(t, c, forge.Comment{RunID: 2, Body: "new"}).Outcome; got != forge.Created {
		t.Errorf("outcome %q, want %q", got, forge.Created)
	}
	wantOurs(t, gh, "new")
}

func TestOnlyUpdateCreatesNoComment(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})

	posted := post(t, client(t, gh), forge.Comment{RunID: 1, Body: "nothing changed", OnlyUpdate: true})

	if posted != (forge.Posted{Outcome: forge.Absent}) {
		t.Errorf("posted %+v, want none", posted)
	}
	if left := gh.Comments(fakegithub.PullRequest); left != nil {
		t.Errorf("comments %+v, want none", left)
	}
}

func TestOnlyUpdateUpdatesAnExistingComment(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := client(t, gh)
	post(t, c, forge.Comment{RunID: 1, Body: "rows changed"})

	if got := post(t, c, forge.Comment{RunID: 2, Body: "nothing changed", OnlyUpdate: true}).Outcome; got != forge.Updated {
		t.Errorf("outcome %q, want %q", got, forge.Updated)
	}
	wantOurs(t, gh, "nothing changed")
}

func TestOnlyUpdateDoesNotReplaceACommentDeletedBeforeTheEdit(t *testing.T) {
	t.Parallel()
	for name, left := range map[string]bool{"the only one": false, "the older of two": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			id := gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{}.String()+"\nold")
			if left {
				gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{}.String()+"\nold")
			}
			c := clientFor(t, gh.URL(), fakegithub.JobToken, before(
				fmt.Sprintf("PATCH /repos/acme/shop/issues/comments/%d", id), func() { gh.RemoveComment(id) },
			))

			got := post(t, c, forge.Comment{Body: "new", OnlyUpdate: true}).Outcome

			if want := map[bool]forge.Outcome{true: forge.Updated, false: forge.Absent}[left]; got != want {
				t.Errorf("outcome %q, want %q", got, want)
			}
			if n := requests(gh, "POST /repos/"); n != 0 {
				t.Errorf("%d creates, want none", n)
			}
		})
	}
}

func TestADuplicateThatIsAlreadyDeletedIsNoError(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{}.String()+"\ntext")
	id := gh.AddComment(fakegithub.PullRequest, fakegithub.ActionsBot, forge.Marker{}.String()+"\ntext")
	c := clientFor(t, gh.URL(), fakegithub.JobToken, before(
		fmt.Sprintf("DELETE /repos/acme/shop/issues/comments/%d", id), func() { gh.RemoveComment(id) },
	))

	post(t, c, forge.Comment{Body: "text"})

	wantOurs(t, gh, "text")
}
