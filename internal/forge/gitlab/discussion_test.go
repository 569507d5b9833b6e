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

func review(run int64, remarks ...forge.Remark) forge.Review {
	return forge.Review{
		PullRequest: 7, Commit: fakegitlab.HeadSHA, Key: "ci", RunID: run, RunAttempt: 1, Remarks: remarks,
	}
}

func remark(path, text string) forge.Remark { return forge.Remark{Path: path, Text: text} }

// reviewed returns a server with a merge request that changes three files.
func reviewed(t *testing.T, role int) (*fakegitlab.Server, *Client) {
	t.Helper()
	gl := fakegitlab.New(t, fakegitlab.Options{Tokens: map[string]fakegitlab.Access{
		fakegitlab.Token: {User: bot, Scope: "api", Role: role},
	}})
	gl.AddFile(fakegitlab.File{MergeRequest: 7, Path: "orders.sql", Patch: "@@ -1,2 +1,3 @@\n select\n+  id,\n   1 as one"})
	gl.AddFile(fakegitlab.File{MergeRequest: 7, Path: "gone.sql", Patch: "@@ -4,2 +4 @@\n four\n-five"})
	gl.AddFile(fakegitlab.File{MergeRequest: 7, Path: "big.sql", Old: "large.sql"})
	return gl, client(t, gl)
}

// standing are the discussions on files with their lines and whether they are resolved.
func standing(gl *fakegitlab.Server) []string {
	var list []string
	for _, n := range gl.Discussions(7) {
		text := fmt.Sprintf("%s %s +%d -%d %s", n.Position.PositionType, n.Position.NewPath, n.Position.NewLine, n.Position.OldLine,
			texts([]fakegitlab.Note{n})[0])
		if n.ResolvedBy != "" {
			text += " (resolved by " + n.ResolvedBy + ")"
		}
		list = append(list, text)
	}
	return list
}

func wantStanding(t *testing.T, gl *fakegitlab.Server, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, standing(gl)); diff != "" {
		t.Errorf("discussions (-want +got)\n%s", diff)
	}
}

func keep(t *testing.T, c *Client, rv forge.Review) {
	t.Helper()
	if err := c.Review(t.Context(), rv); err != nil {
		t.Error(err)
	}
}

func TestDiscussionsAreOpenedAndResolved(t *testing.T) {
	t.Parallel()
	for name, role := range map[string]int{"Reporter": fakegitlab.Reporter, "Developer": fakegitlab.Developer} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gl, c := reviewed(t, role)
			keep(t, c, review(1, remark("orders.sql", "lost"), remark("gone.sql", "failed"), remark("big.sql", "grew"), remark("elsewhere.sql", "x")))
			wantStanding(t, gl,
				"text orders.sql +2 -0 "+bot+": lost", "text gone.sql +0 -5 "+bot+": failed", "file big.sql +0 -0 "+bot+": grew")

			// The note of the merge request is another one, and the same again writes nothing.
			post(t, c, comment(1, "the note"))
			writes := requests(gl, "P")
			keep(t, c, review(2, remark("orders.sql", "lost"), remark("gone.sql", "failed"), remark("big.sql", "grew")))
			if n := requests(gl, "P") - writes; n != 0 {
				t.Errorf("%d writes, want none", n)
			}

			keep(t, c, review(3, remark("orders.sql", "lost more")))
			wantStanding(t, gl,
				"text orders.sql +2 -0 "+bot+": lost more",
				"text gone.sql +0 -5 "+bot+": failed (resolved by "+bot+")", "file big.sql +0 -0 "+bot+": grew (resolved by "+bot+")")

			// What comes back is opened again.
			keep(t, c, review(4, remark("gone.sql", "failed")))
			wantStanding(t, gl,
				"text orders.sql +2 -0 "+bot+": lost more (resolved by "+bot+")",
				"text gone.sql +0 -5 "+bot+": failed", "file big.sql +0 -0 "+bot+": grew (resolved by "+bot+")")

			// An older run changes nothing.
			keep(t, c, review(2, remark("orders.sql", "older")))
			if got := standing(gl)[0]; got != "text orders.sql +2 -0 "+bot+": lost more (resolved by "+bot+")" {
				t.Errorf("an older run wrote %q", got)
			}
			keep(t, c, review(5))
			resolved := requests(gl, "PUT")
			keep(t, c, review(6))
			if n := requests(gl, "PUT") - resolved; n != 0 {
				t.Errorf("%d discussions were resolved again", n)
			}
		})
	}
}

func TestWhatAPersonResolvedStaysResolved(t *testing.T) {
	t.Parallel()
	gl, c := reviewed(t, fakegitlab.Developer)
	keep(t, c, review(1, remark("orders.sql", "lost")))
	gl.Resolve(gl.Discussions(7)[0].Discussion, "alice")
	for run := range int64(3) {
		keep(t, c, review(run+2, remark("orders.sql", "lost")))
	}
	wantStanding(t, gl, "text orders.sql +2 -0 "+bot+": lost (resolved by alice)")
	keep(t, c, review(9))
	wantStanding(t, gl, "text orders.sql +2 -0 "+bot+": lost (resolved by alice)")
}

func TestOthersAndDuplicatesAmongDiscussions(t *testing.T) {
	t.Parallel()
	gl, c := reviewed(t, fakegitlab.Developer)
	keep(t, c, review(1, remark("orders.sql", "lost")))
	ours := gl.Discussions(7)[0]
	for _, author := range []string{"mallory", bot} {
		ours.Author, ours.Discussion = author, ""
		gl.AddNote(ours)
	}
	keep(t, c, review(2, remark("orders.sql", "lost more")))
	keep(t, c, review(3, remark("orders.sql", "lost more")))
	wantStanding(t, gl,
		"text orders.sql +2 -0 "+bot+": lost more", "text orders.sql +2 -0 mallory: lost",
		"text orders.sql +2 -0 "+bot+": lost (resolved by "+bot+")")
}

// The newest version is another commit's: GitLab refuses a line of the old one.
func TestALineThatGitLabRefusesIsReported(t *testing.T) {
	t.Parallel()
	gl, c := reviewed(t, fakegitlab.Developer)
	gl.Fail(http.MethodPost, "/projects/*/merge_requests/*/discussions", fault.Fault{Status: 400, Message: "no such line", Times: 1})
	keep(t, c, review(1, remark("orders.sql", "lost")))
	wantStanding(t, gl, "file orders.sql +0 -0 "+bot+": lost")

	gl, c = reviewed(t, fakegitlab.Developer)
	gl.Fail(http.MethodPost, "/projects/*/merge_requests/*/discussions", fault.Fault{Status: 400, Message: "no such line", Times: 2})
	err := c.Review(t.Context(), review(1, remark("orders.sql", "lost"), remark("gone.sql", "failed")))
	wantKind(t, err, forge.ErrRefused, "discussions on acme/shop!7: GitLab refused the request (400: no such line)")
	wantStanding(t, gl, "text gone.sql +0 -5 "+bot+": failed")
}

func TestADiscussionThatWasDeletedIsOpenedAgain(t *testing.T) {
	t.Parallel()
	gl, c := reviewed(t, fakegitlab.Developer)
	keep(t, c, review(1, remark("orders.sql", "lost")))
	gl.Fail(http.MethodPut, "/projects/*/merge_requests/*/discussions/*/notes/*", fault.Fault{Status: 404, Times: 1})
	keep(t, c, review(2, remark("orders.sql", "lost more")))
	if n := len(gl.Discussions(7)); n != 2 {
		t.Errorf("%d discussions, want another one", n)
	}
}
