package github

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

const added = "@@ -1,2 +1,3 @@\n select\n+  id,\n   name"

// reviewed returns a server with a pull request that changes orders.sql and renames
// big.sql.
func reviewed(t *testing.T) *fakegithub.Server {
	t.Helper()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.AddFile(fakegithub.File{PullRequest: fakegithub.PullRequest, Path: "shop/orders.sql", Patch: added})
	gh.AddFile(fakegithub.File{PullRequest: fakegithub.PullRequest, Path: "shop/big.sql"})
	return gh
}

func reviewOf(run int64, remarks ...forge.Remark) forge.Review {
	return forge.Review{
		PullRequest: fakegithub.PullRequest, Commit: fakegithub.HeadSHA,
		Key: "prod", RunID: run, RunAttempt: 1, Remarks: remarks,
	}
}

func putReview(t *testing.T, c *Client, rv forge.Review) {
	t.Helper()
	if err := c.Review(t.Context(), rv); err != nil {
		t.Error(err)
	}
}

// wantRemarks checks the texts of our review comments by path.
func wantRemarks(t *testing.T, gh *fakegithub.Server, want ...forge.Remark) {
	t.Helper()
	var got []forge.Remark
	for _, c := range gh.ReviewComments(fakegithub.PullRequest) {
		if _, text, ok := forge.Split(c.Body); ok {
			got = append(got, remarkOn(c.Path, text))
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.SortSlices(func(a, b forge.Remark) bool { return a.Path < b.Path })); diff != "" {
		t.Errorf("review comments (-want +got):\n%s", diff)
	}
}

func TestRemarksAreReviewCommentsOnTheirFiles(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)

	putReview(t, client(t, gh), reviewOf(10,
		remarkOn("shop/orders.sql", "lost rows"), remarkOn("shop/big.sql", "failed"), remarkOn("shop/untouched.sql", "failed too")))

	mark := `<!-- dbt-tally: {"key":"prod","run_id":10,"run_attempt":1} -->` + "\n"
	want := []fakegithub.ReviewComment{
		{Path: "shop/orders.sql", Line: 2, Side: "RIGHT", Body: mark + "lost rows"},
		{Path: "shop/big.sql", Body: mark + "failed"},
	}
	for i := range want {
		want[i].PullRequest, want[i].Author = fakegithub.PullRequest, fakegithub.ActionsBot
	}
	ignored := cmpopts.IgnoreFields(fakegithub.ReviewComment{}, "ID", "Review")
	if diff := cmp.Diff(want, gh.ReviewComments(fakegithub.PullRequest), ignored); diff != "" {
		t.Errorf("review comments (-want +got):\n%s", diff)
	}
}

func TestLinesOfOneRunAreInOneReview(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	var remarks []forge.Remark
	for i := range 120 {
		remarks = append(remarks, remarkOn(fmt.Sprintf("models/m%03d.sql", i), "failed"))
		gh.AddFile(fakegithub.File{PullRequest: fakegithub.PullRequest, Path: remarks[i].Path, Patch: added})
	}

	putReview(t, client(t, gh), reviewOf(10, remarks...))

	wantRemarks(t, gh, remarks...)
	if n := requests(gh, "POST /repos/"); n != 1 {
		t.Errorf("%d creates, want 1", n)
	}
}

func TestNextRunBringsReviewCommentsUpToDate(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	gh.AddFile(fakegithub.File{PullRequest: fakegithub.PullRequest, Path: "shop/new.sql", Patch: added})
	c := client(t, gh)
	putReview(t, c, reviewOf(10, remarkOn("shop/orders.sql", "lost 1 row"), remarkOn("shop/big.sql", "failed")))
	before := gh.ReviewComments(fakegithub.PullRequest)

	putReview(t, c, reviewOf(11, remarkOn("shop/orders.sql", "lost 2 rows"), remarkOn("shop/new.sql", "failed")))
	wantRemarks(t, gh, remarkOn("shop/new.sql", "failed"), remarkOn("shop/orders.sql", "lost 2 rows"))
	if left := gh.ReviewComments(fakegithub.PullRequest)[0]; left.ID != before[0].ID {
		t.Errorf("%q was not edited in place", left.Path)
	}

	writes := requests(gh, "POST /repos/") + requests(gh, "PATCH")
	putReview(t, c, reviewOf(12, remarkOn("shop/orders.sql", "lost 2 rows"), remarkOn("shop/new.sql", "failed")))
	if n := requests(gh, "POST /repos/") + requests(gh, "PATCH") - writes; n != 0 {
		t.Errorf("%d writes for the same remarks, want none", n)
	}

	putReview(t, c, reviewOf(13))
	wantRemarks(t, gh)
}

func TestOlderRunLeavesNewerReviewCommentsAlone(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	c := client(t, gh)
	putReview(t, c, reviewOf(11, remarkOn("shop/orders.sql", "of run 11")))

	putReview(t, c, reviewOf(10, remarkOn("shop/big.sql", "of run 10")))

	wantRemarks(t, gh, remarkOn("shop/orders.sql", "of run 11"))
}

func TestReviewCommentsOfOthersAreLeftAlone(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	others := []fakegithub.ReviewComment{
		{Author: "mallory", Body: forge.Marker{Key: "prod", RunID: 99}.String() + "\npasted"},
		{Author: fakegithub.ActionsBot, Body: forge.Marker{Key: "ci"}.String() + "\nanother job's"},
		{Author: fakegithub.ActionsBot, Body: "another tool's"},
	}
	for i := range others {
		others[i].PullRequest, others[i].Path = fakegithub.PullRequest, "shop/orders.sql"
		others[i].ID = gh.AddReviewComment(others[i])
	}
	c := client(t, gh)

	putReview(t, c, reviewOf(10, remarkOn("shop/orders.sql", "ours")))
	putReview(t, c, reviewOf(11))

	if diff := cmp.Diff(others, gh.ReviewComments(fakegithub.PullRequest)); diff != "" {
		t.Errorf("others' review comments (-want +got):\n%s", diff)
	}
}

func TestJobsThatReviewAtOnceLeaveOneCommentPerFile(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	const jobs = 3
	var done sync.WaitGroup
	transport := together(jobs, createsReview)
	for run := range jobs {
		c := clientFor(t, gh.URL(), fakegithub.JobToken, transport)
		done.Go(func() {
			putReview(t, c, reviewOf(int64(run), remarkOn("shop/orders.sql", fmt.Sprint("of run ", run))))
		})
	}
	done.Wait()

	wantRemarks(t, gh, remarkOn("shop/orders.sql", fmt.Sprint("of run ", jobs-1)))
}

func TestAReviewThatWasSupersededLeavesNoDuplicate(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	old := clientFor(t, gh.URL(), fakegithub.JobToken, before(createsReview, func() {
		putReview(t, client(t, gh), reviewOf(11, remarkOn("shop/orders.sql", "new")))
	}))

	putReview(t, old, reviewOf(10, remarkOn("shop/orders.sql", "old")))

	wantRemarks(t, gh, remarkOn("shop/orders.sql", "new"))
}

func TestReviewCommentDeletedBeforeTheEditIsCreatedAgain(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	putReview(t, client(t, gh), reviewOf(10, remarkOn("shop/orders.sql", "old")))
	id := gh.ReviewComments(fakegithub.PullRequest)[0].ID
	c := clientFor(t, gh.URL(), fakegithub.JobToken, before(
		fmt.Sprintf("PATCH /repos/acme/shop/pulls/comments/%d", id), func() { gh.RemoveReviewComment(id) },
	))

	putReview(t, c, reviewOf(11, remarkOn("shop/orders.sql", "new")))

	wantRemarks(t, gh, remarkOn("shop/orders.sql", "new"))
}

func TestAReviewCommentThatIsAlreadyDeletedIsNoError(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	putReview(t, client(t, gh), reviewOf(10, remarkOn("shop/orders.sql", "old")))
	id := gh.ReviewComments(fakegithub.PullRequest)[0].ID
	c := clientFor(t, gh.URL(), fakegithub.JobToken, before(
		fmt.Sprintf("DELETE /repos/acme/shop/pulls/comments/%d", id), func() { gh.RemoveReviewComment(id) },
	))

	putReview(t, c, reviewOf(11))
}

func TestEveryFailureOfAReviewIsReported(t *testing.T) {
	t.Parallel()
	for request, remark := range map[string]string{
		"GET /repos/*/*/pulls/*/comments":    "shop/new.sql",
		"GET /repos/*/*/pulls/*/files":       "shop/orders.sql",
		"POST /repos/*/*/pulls/*/reviews":    "shop/orders.sql",
		"POST /repos/*/*/pulls/*/comments":   "shop/big.sql",
		"PATCH /repos/*/*/pulls/comments/*":  "shop/old.sql",
		"DELETE /repos/*/*/pulls/comments/*": "shop/new.sql",
	} {
		t.Run(request, func(t *testing.T) {
			t.Parallel()
			gh := reviewed(t)
			gh.AddReviewComment(fakegithub.ReviewComment{
				PullRequest: fakegithub.PullRequest, Author: fakegithub.ActionsBot, Path: "shop/old.sql",
				Body: forge.Marker{Key: "prod"}.String() + "\nold",
			})
			method, path, _ := strings.Cut(request, " ")
			gh.Fail(method, path, fakegithub.Fault{Status: http.StatusForbidden})

			err := client(t, gh).Review(t.Context(), reviewOf(10, remarkOn(remark, "new")))

			wantKind(t, err, forge.ErrPermission, "review comments on acme/shop#7: ", `"pull-requests: write"`)
		})
	}
}
