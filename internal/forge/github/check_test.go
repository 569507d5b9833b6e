package github

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

func check(t *testing.T, c *Client, ck forge.Check) forge.Posted {
	t.Helper()
	posted, err := c.Check(t.Context(), complete(ck))
	if err != nil {
		t.Error(err)
	}
	return posted
}

// complete sets the fields that a test leaves empty.
func complete(ck forge.Check) forge.Check {
	ck.Commit, ck.Name, ck.URL = fakegithub.HeadSHA, "dbt-tally", "https://github.com/acme/shop/actions/runs/1"
	ck.Summary = "summary of " + ck.Title
	return ck
}

// wantChecks compares the texts of all check runs, oldest first.
func wantChecks(t *testing.T, gh *fakegithub.Server, want ...string) {
	t.Helper()
	var got []string
	for _, c := range gh.CheckRuns() {
		got = append(got, c.Name+" by "+c.App+": "+c.Conclusion+", "+c.Title)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("check runs (-want +got):\n%s", diff)
	}
}

func TestCheckRunIsCreatedOnTheCommit(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	posted := check(t, client(t, gh), forge.Check{Key: "k", RunID: 1, Conclusion: "neutral", Title: "one"})
	wantChecks(t, gh, "dbt-tally by github-actions: neutral, one")
	c := gh.CheckRuns()[0]
	if posted.Outcome != forge.Created || !strings.HasSuffix(posted.URL, "/runs/1001") {
		t.Errorf("posted %+v", posted)
	}
	if c.Commit != fakegithub.HeadSHA || c.URL != "https://github.com/acme/shop/actions/runs/1" ||
		!strings.HasSuffix(c.Summary, "-->\nsummary of one") {
		t.Errorf("created %+v", c)
	}
}

func TestCheckRunOfTheSameCommitAndKeyIsUpdated(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := client(t, gh)
	check(t, c, forge.Check{Key: "k", RunID: 1, Conclusion: "failure", Title: "one"})
	check(t, c, forge.Check{Key: "other", RunID: 1, Conclusion: "success", Title: "another's"})
	posted := check(t, c, forge.Check{Key: "k", RunID: 2, Conclusion: "success", Title: "two"})
	if posted.Outcome != forge.Updated || posted.URL == "" {
		t.Errorf("posted %+v", posted)
	}
	wantChecks(t, gh, "dbt-tally by github-actions: success, two", "dbt-tally by github-actions: success, another's")
}

func TestNewerRunsCheckRunIsKept(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	c := client(t, gh)
	check(t, c, forge.Check{Key: "k", RunID: 2, RunAttempt: 2, Conclusion: "failure", Title: "newer"})
	posted := check(t, c, forge.Check{Key: "k", RunID: 2, RunAttempt: 1, Conclusion: "success", Title: "older"})
	if posted.Outcome != forge.Newer || posted.URL == "" {
		t.Errorf("posted %+v", posted)
	}
	wantChecks(t, gh, "dbt-tally by github-actions: failure, newer")
}

// A job of the workflow is a check run too, and may have the same name.
func TestCheckRunsOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	mark := forge.Marker{Key: "k", RunID: 1}.String() + "\n"
	for _, other := range []fakegithub.CheckRun{
		{App: "github-actions", Commit: fakegithub.HeadSHA, Name: "dbt-tally", Conclusion: "success", Title: "a job"},
		{
			App: "another-app", Commit: fakegithub.HeadSHA, Name: "dbt-tally",
			Conclusion: "success", Title: "an app's", Summary: mark,
		},
		{
			App: "github-actions", Commit: fakegithub.HeadSHA, Name: "lint",
			Conclusion: "success", Title: "another name", Summary: mark,
		},
		{
			App: "github-actions", Commit: "f00d", Name: "dbt-tally",
			Conclusion: "success", Title: "another commit", Summary: mark,
		},
	} {
		gh.AddCheckRun(other)
	}
	c := client(t, gh)
	for range 2 {
		check(t, c, forge.Check{Key: "k", RunID: 1, Conclusion: "failure", Title: "ours"})
		gh.AddCheckRun(aJob)
	}
	wantChecks(t, gh,
		"dbt-tally by github-actions: success, a job", "dbt-tally by another-app: success, an app's",
		"lint by github-actions: success, another name", "dbt-tally by github-actions: success, another commit",
		"dbt-tally by github-actions: failure, ours",
		"dbt-tally by github-actions: success, a job", "dbt-tally by github-actions: success, a job")
}

func TestCheckRunIsFoundBehindManyOthers(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	for range 150 {
		gh.AddCheckRun(aJob)
	}
	c := client(t, gh)
	check(t, c, forge.Check{Key: "k", RunID: 1, Conclusion: "failure", Title: "one"})
	check(t, c, forge.Check{Key: "k", RunID: 2, Conclusion: "success", Title: "two"})
	if n := len(gh.CheckRuns()); n != 151 {
		t.Errorf("%d check runs, want 151", n)
	}
}

func TestCheckRunErrorsNameThePermission(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct{ method, path string }{
		"list":   {http.MethodGet, "/repos/*/*/commits/*/check-runs"},
		"create": {http.MethodPost, "/repos/*/*/check-runs"},
		"update": {http.MethodPatch, "/repos/*/*/check-runs/*"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			c := client(t, gh)
			if name == "update" {
				check(t, c, forge.Check{Key: "k", RunID: 1, Conclusion: "failure", Title: "one"})
			}
			gh.Fail(fault.method, fault.path, fakegithub.Fault{
				Status: http.StatusForbidden, Message: "Resource not accessible by integration",
			})
			_, err := c.Check(t.Context(), complete(forge.Check{Key: "k", RunID: 2, Conclusion: "failure", Title: "two"}))
			wantKind(t, err, forge.ErrPermission, "check run on acme/shop@c0ffee: ", `"checks: write"`)
		})
	}
}

func TestOnlyAnAppMayCreateACheckRun(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{Tokens: map[string]fakegithub.Token{"personal": {Login: "alice"}}})
	c := clientFor(t, gh.URL(), "personal", nil)
	_, err := c.Check(t.Context(), complete(forge.Check{Key: "k", RunID: 1, Conclusion: "success", Title: "one"}))
	wantKind(t, err, forge.ErrPermission, "You must authenticate via a GitHub App")
}

// If the answer to a create is lost, the check run may still exist.
func TestCheckRunIsCreatedOnlyOnce(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Fail(http.MethodPost, "/repos/*/*/check-runs", fakegithub.Fault{Status: http.StatusBadGateway})
	_, err := client(t, gh).Check(t.Context(), complete(forge.Check{Key: "k", RunID: 1, Conclusion: "success", Title: "one"}))
	wantKind(t, err, forge.ErrUnavailable)
	if n := requests(gh, "POST /repos/acme/shop/check-runs"); n != 1 {
		t.Errorf("%d creates, want 1", n)
	}
}

// aJob is the check run that GitHub creates for a job with our check run's name.
var aJob = fakegithub.CheckRun{
	App: "github-actions", Commit: fakegithub.HeadSHA, Name: "dbt-tally", Conclusion: "success", Title: "a job",
}
