package github

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

// issueNumber is the first number that the fake assigns.
const issueNumber = fakegithub.PullRequest + 1

func TestBreachOpensAnIssue(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})

	posted := settle(t, client(t, gh), forge.Issue{
		Key: "prod", RunID: 10, RunAttempt: 1, Breached: true, Title: "1 gate breached", Body: "orders fell",
	})

	if want := postedAs("https://github.com/acme/shop/issues/8", forge.Created); posted != want {
		t.Errorf("posted %+v, want %+v", posted, want)
	}
	wantIssues(t, gh, fakegithub.Issue{
		Number: issueNumber, Author: fakegithub.ActionsBot, Title: "1 gate breached", State: "open",
		Body: `<!-- dbt-tally: {"key":"prod","run_id":10,"run_attempt":1} -->` + "\norders fell",
	})
}

func TestIssueIsUpdatedWhileTheBreachLasts(t *testing.T) {
	t.Parallel()
	for name, second := range map[string]forge.Issue{
		"new text":  {RunID: 11, Breached: true, Title: "1 gate breached", Body: "orders fell again"},
		"new title": {RunID: 11, Breached: true, Title: "2 gates breached", Body: "orders fell"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			c := client(t, gh)
			settle(t, c, forge.Issue{RunID: 10, Breached: true, Title: "1 gate breached", Body: "orders fell"})

			if got := settle(t, c, second).Outcome; got != forge.Updated {
				t.Errorf("outcome %q, want %q", got, forge.Updated)
			}
			wantIssues(t, gh, ours(issueNumber, second))
			if said := gh.Comments(issueNumber); said != nil {
				t.Errorf("comments %+v, want none", said)
			}
		})
	}
}

func TestEqualIssueIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := client(t, gh)
	settle(t, c, forge.Issue{RunID: 10, Breached: true, Title: "breached", Body: "orders fell"})

	posted := settle(t, c, forge.Issue{RunID: 11, Breached: true, Title: "breached", Body: "orders fell"})

	if posted.Outcome != forge.Unchanged {
		t.Errorf("outcome %q, want %q", posted.Outcome, forge.Unchanged)
	}
	if n := requests(gh, http.MethodPatch); n != 0 {
		t.Errorf("%d edits, want none", n)
	}
}

func TestCleanRunClosesTheIssueWithAComment(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := client(t, gh)
	breach := forge.Issue{RunID: 10, Breached: true, Title: "breached", Body: "orders fell"}
	settle(t, c, breach)

	posted := settle(t, c, forge.Issue{RunID: 11, Body: "clean in run 11"})

	if want := postedAs("https://github.com/acme/shop/issues/8", forge.Closed); posted != want {
		t.Errorf("posted %+v, want %+v", posted, want)
	}
	wantIssues(t, gh, closed(ours(issueNumber, breach), "completed"))
	wantSaid(t, gh, issueNumber, "clean in run 11")
}

func TestCleanRunWithoutAnIssueWritesNothing(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})

	if posted := settle(t, client(t, gh), forge.Issue{RunID: 11, Body: "clean"}); posted != (forge.Posted{Outcome: forge.Absent}) {
		t.Errorf("posted %+v, want none", posted)
	}
	if n := requests(gh, "POST /repos/") + requests(gh, http.MethodPatch); n != 0 {
		t.Errorf("%d writes, want none", n)
	}
}

func TestBreachAfterTheCloseOpensAnotherIssue(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := client(t, gh)
	first := forge.Issue{RunID: 10, Breached: true, Title: "breached", Body: "orders fell"}
	third := forge.Issue{RunID: 12, Breached: true, Title: "breached", Body: "orders fell"}
	settle(t, c, first)
	settle(t, c, forge.Issue{RunID: 11, Body: "clean"})

	if got := settle(t, c, third).Outcome; got != forge.Created {
		t.Errorf("outcome %q, want %q", got, forge.Created)
	}
	wantIssues(t, gh, closed(ours(issueNumber, first), "completed"), ours(issueNumber+1, third))
}

func TestOlderRunLeavesTheIssueOfANewerOne(t *testing.T) {
	t.Parallel()
	for name, older := range map[string]forge.Issue{
		"breached": {RunID: 10, Breached: true, Title: "old", Body: "old"},
		"clean":    {RunID: 10, Body: "clean"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			c := client(t, gh)
			newer := forge.Issue{RunID: 11, Breached: true, Title: "new", Body: "new"}
			settle(t, c, newer)

			posted := settle(t, c, older)

			if want := postedAs("https://github.com/acme/shop/issues/8", forge.Newer); posted != want {
				t.Errorf("posted %+v, want %+v", posted, want)
			}
			wantIssues(t, gh, ours(issueNumber, newer))
		})
	}
}

func TestIssuesOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	mine := forge.Marker{Key: "prod", RunID: 1}.String()
	for name, other := range map[string]fakegithub.Issue{
		"pasted by another user": {Author: "mallory", Body: mine + "\nowned"},
		"deleted account":        {Body: mine + "\nowned"},
		"quoted further down":    {Author: fakegithub.ActionsBot, Body: "look:\n" + mine},
		"another key":            {Author: fakegithub.ActionsBot, Body: forge.Marker{Key: "ci"}.String() + "\nof ci"},
		"no marker":              {Author: fakegithub.ActionsBot, Body: "dbt-tally"},
		"a pull request": {
			Author: fakegithub.ActionsBot, Body: mine + "\nof a bot",
			From: fakegithub.Branch{Repository: fakegithub.Repository, Name: "bump", SHA: "f00d"},
		},
	} {
		for _, breached := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, breached %v", name, breached), func(t *testing.T) {
				t.Parallel()
				gh := fakegithub.New(t, fakegithub.Options{})
				other.Title = "theirs"
				number := gh.Open(other)

				ours := forge.Issue{Key: "prod", RunID: 2, Breached: breached, Title: "ours", Body: "ours"}
				got := settle(t, client(t, gh), ours).Outcome

				if want := map[bool]forge.Outcome{true: forge.Created, false: forge.Absent}[breached]; got != want {
					t.Errorf("outcome %q, want %q", got, want)
				}
				if n := requests(gh, http.MethodPatch); n != 0 {
					t.Errorf("%d edits, want none", n)
				}
				if said := gh.Comments(number); said != nil {
					t.Errorf("comments %+v, want none", said)
				}
			})
		}
	}
}

func TestIssueIsFoundBehindManyOthers(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := client(t, gh)
	settle(t, c, forge.Issue{RunID: 10, Breached: true, Title: "breached", Body: "orders fell"})
	for i := range 120 {
		gh.Open(fakegithub.Issue{Author: fakegithub.ActionsBot, Title: fmt.Sprint("alert ", i), Body: "of another action"})
	}

	if got := settle(t, c, forge.Issue{RunID: 11, Body: "clean"}).Outcome; got != forge.Closed {
		t.Errorf("outcome %q, want %q", got, forge.Closed)
	}
}

func TestDuplicateIssuesAreClosed(t *testing.T) {
	t.Parallel()
	oldest := forge.Issue{RunID: 9, Breached: true, Title: "breached", Body: "of 9"}
	newest := forge.Issue{RunID: 12, Breached: true, Title: "breached", Body: "of 12"}
	for _, tt := range []struct {
		name string
		run  forge.Issue
		want []fakegithub.Issue
	}{
		{"the oldest is kept", forge.Issue{RunID: 13, Breached: true, Title: "breached", Body: "of 13"}, []fakegithub.Issue{
			ours(issueNumber, forge.Issue{RunID: 13, Title: "breached", Body: "of 13"}),
			closed(ours(issueNumber+1, newest), "not_planned"),
		}},
		{"the oldest gets a newer run's text", forge.Issue{
			RunID: 11, Breached: true, Title: "breached", Body: "of 11",
		}, []fakegithub.Issue{
			ours(issueNumber, newest),
			closed(ours(issueNumber+1, newest), "not_planned"),
		}},
		{"a clean run closes all", forge.Issue{RunID: 13, Body: "clean"}, []fakegithub.Issue{
			closed(ours(issueNumber, oldest), "completed"),
			closed(ours(issueNumber+1, newest), "not_planned"),
		}},
		{"an older clean run leaves it to the newer run", forge.Issue{RunID: 11, Body: "clean"}, []fakegithub.Issue{
			ours(issueNumber, oldest),
			ours(issueNumber+1, newest),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			gh.Open(ours(0, oldest))
			gh.Open(ours(0, newest))

			settle(t, client(t, gh), tt.run)

			wantIssues(t, gh, tt.want...)
		})
	}
}

func TestJobsThatOpenAtOnceLeaveOneIssue(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	const jobs = 3
	var done sync.WaitGroup
	transport := together(jobs, "POST /repos/acme/shop/issues")
	for run := range jobs {
		c := clientFor(t, gh.URL(), fakegithub.JobToken, transport)
		done.Go(func() {
			settle(t, c, forge.Issue{RunID: int64(run), Breached: true, Title: "breached", Body: fmt.Sprint("of run ", run)})
		})
	}
	done.Wait()

	var open []string
	for _, issue := range gh.Issues() {
		if _, text, _ := forge.Split(issue.Body); issue.State == "open" {
			open = append(open, text)
		}
	}
	if diff := cmp.Diff([]string{fmt.Sprint("of run ", jobs-1)}, open); diff != "" {
		t.Errorf("open issues (-want +got):\n%s", diff)
	}
}

func TestIssueDeletedBeforeTheEditIsOpenedAgain(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Open(ours(0, forge.Issue{RunID: 10, Title: "breached", Body: "old"}))
	c := clientFor(t, gh.URL(), fakegithub.JobToken, before("PATCH /repos/acme/shop/issues/8", func() {
		gh.RemoveIssue(issueNumber)
	}))
	again := forge.Issue{RunID: 11, Breached: true, Title: "breached", Body: "new"}

	if got := settle(t, c, again).Outcome; got != forge.Created {
		t.Errorf("outcome %q, want %q", got, forge.Created)
	}
	wantIssues(t, gh, ours(issueNumber+1, again))
}

func settle(t *testing.T, c *Client, is forge.Issue) forge.Posted {
	t.Helper()
	posted, err := c.Issue(t.Context(), is)
	if err != nil {
		t.Error(err)
	}
	return posted
}

// ours returns an issue as this client opens it.
func ours(number int, is forge.Issue) fakegithub.Issue {
	m := forge.Marker{Key: is.Key, RunID: is.RunID, RunAttempt: is.RunAttempt}
	return fakegithub.Issue{
		Number: number, Author: fakegithub.ActionsBot, Title: is.Title, State: "open", Body: m.String() + "\n" + is.Body,
	}
}

func closed(i fakegithub.Issue, reason string) fakegithub.Issue {
	i.State, i.Reason = "closed", reason
	return i
}

func wantIssues(t *testing.T, gh *fakegithub.Server, want ...fakegithub.Issue) {
	t.Helper()
	if diff := cmp.Diff(want, gh.Issues()); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
}

func wantSaid(t *testing.T, gh *fakegithub.Server, number int, want ...string) {
	t.Helper()
	var got []string
	for _, comment := range gh.Comments(number) {
		got = append(got, comment.Body)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
}
