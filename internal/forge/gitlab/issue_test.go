package gitlab

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegitlab"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fault"
)

func issueOf(run int64, breached bool) forge.Issue {
	return forge.Issue{
		Key: "ci", RunID: run, RunAttempt: 1, Breached: breached, Title: "gates breached", Body: fmt.Sprint("of run ", run),
	}
}

func states(gl *fakegitlab.Server) []string {
	var list []string
	for _, i := range gl.Issues() {
		_, text, _ := forge.Split(i.Description)
		list = append(list, fmt.Sprintf("%s by %s: %s", i.State, i.Author, text))
	}
	return list
}

func TestAnIssueIsOpenWhileAGateIsBreached(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	gl.AddIssue(fakegitlab.Issue{Author: "mallory", Title: "gates breached", Description: marked(99, "pasted")})
	c := client(t, gl)
	for _, step := range []struct {
		issue forge.Issue
		want  forge.Outcome
		state string
	}{
		{issueOf(1, false), forge.Absent, ""},
		{issueOf(2, true), forge.Created, "opened by " + bot + ": of run 2"},
		{issueOf(3, true), forge.Updated, "opened by " + bot + ": of run 3"},
		{issueOf(2, false), forge.Newer, "opened by " + bot + ": of run 3"},
		{issueOf(4, false), forge.Closed, "closed by " + bot + ": of run 3"},
		{issueOf(5, true), forge.Created, "closed by " + bot + ": of run 3"},
	} {
		posted, err := c.Issue(t.Context(), step.issue)
		if err != nil || posted.Outcome != step.want {
			t.Errorf("run %d: got %+v, %v; want %s", step.issue.RunID, posted, err, step.want)
		}
		got := states(gl)
		if got[0] != "opened by mallory: pasted" || step.state != "" && got[1] != step.state {
			t.Errorf("run %d: issues %q, want %q", step.issue.RunID, got, step.state)
		}
	}
	if diff := cmp.Diff([]string{bot + ": of run 4"}, texts(gl.IssueNotes(2))); diff != "" {
		t.Errorf("notes of the closed issue (-want +got)\n%s", diff)
	}
}

func TestDuplicateIssuesAreClosed(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	for run := range int64(3) {
		gl.AddIssue(fakegitlab.Issue{Author: bot, Title: "gates breached", Description: marked(run+1, fmt.Sprint("of run ", run+1))})
	}
	if _, err := client(t, gl).Issue(t.Context(), issueOf(4, true)); err != nil {
		t.Error(err)
	}
	want := []string{"opened by " + bot + ": of run 4", "closed by " + bot + ": of run 2", "closed by " + bot + ": of run 3"}
	if diff := cmp.Diff(want, states(gl)); diff != "" {
		t.Errorf("issues (-want +got)\n%s", diff)
	}
}

func TestAnIssueThatMayNotBeWrittenNamesTheToken(t *testing.T) {
	t.Parallel()
	gl := fakegitlab.New(t, fakegitlab.Options{})
	gl.Fail(http.MethodPost, "/projects/*/issues", fault.Fault{Status: 403, Message: "403 Forbidden"})
	_, err := client(t, gl).Issue(t.Context(), issueOf(1, true))
	wantKind(t, err, forge.ErrPermission, "issue in acme/shop: ", "with the scope api and the role Reporter or higher")
}
