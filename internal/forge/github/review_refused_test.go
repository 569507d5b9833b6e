package github

import (
	"net/http"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

const createsReview = "POST /repos/acme/shop/pulls/7/reviews"

// GitHub accepts or refuses a review as a whole.
func TestLinesNoLongerInTheDiffAreRemarkedOnTheirFiles(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	gh.AddFile(fakegithub.File{PullRequest: fakegithub.PullRequest, Path: "shop/new.sql", Patch: added})
	c := clientFor(t, gh.URL(), fakegithub.JobToken, before(createsReview, func() {
		gh.AddFile(fakegithub.File{
			PullRequest: fakegithub.PullRequest, Path: "shop/orders.sql", Patch: "@@ -8 +8 @@\n-b\n+c",
		})
	}))
	remarks := []forge.Remark{remarkOn("shop/big.sql", "failed"), remarkOn("shop/new.sql", "failed"), remarkOn("shop/orders.sql", "lost rows")}

	putReview(t, c, reviewOf(10, remarks...))
	wantRemarks(t, gh, remarks...)

	putReview(t, c, reviewOf(11, remarks...))
	wantRemarks(t, gh, remarks...)
}

func TestARefusedRemarkDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	for name, large := range map[string]string{"at a line": "shop/orders.sql", "at a file": "shop/big.sql"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gh := reviewed(t)
			gh.AddFile(fakegithub.File{PullRequest: fakegithub.PullRequest, Path: "shop/new.sql", Patch: added})
			gh.AddFile(fakegithub.File{PullRequest: fakegithub.PullRequest, Path: "shop/zip.sql"})

			err := client(t, gh).Review(t.Context(), reviewOf(10,
				remarkOn(large, strings.Repeat("x", 65_536)), remarkOn("shop/new.sql", "failed"), remarkOn("shop/zip.sql", "failed")))

			wantKind(t, err, forge.ErrTooLong, "maximum is 65536 characters")
			wantRemarks(t, gh, remarkOn("shop/new.sql", "failed"), remarkOn("shop/zip.sql", "failed"))
		})
	}
}

func TestReviewOfAMissingCommitIsReportedOnce(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	rv := reviewOf(10, remarkOn("shop/orders.sql", "lost rows"), remarkOn("shop/big.sql", "failed"))
	rv.Commit = "f00d"

	err := client(t, gh).Review(t.Context(), rv)

	wantKind(t, err, forge.ErrRefused, "Commit is not part of the pull request")
	if n := strings.Count(err.Error(), "422"); n != 1 {
		t.Errorf("%q contains %d refusals; want one", err, n)
	}
	wantRemarks(t, gh)
}

// One request per remark would be refused as often as there are remarks.
func TestARefusedReviewIsNotRetriedOneByOne(t *testing.T) {
	t.Parallel()
	for want, refuse := range map[error]func(*fakegithub.Server){
		forge.ErrLocked: func(gh *fakegithub.Server) { gh.Lock(fakegithub.PullRequest) },
		forge.ErrRateLimited: func(gh *fakegithub.Server) {
			gh.Fail("POST", "/repos/*/*/pulls/*/*", fakegithub.Fault{
				Status: http.StatusUnprocessableEntity, Message: "was submitted too quickly",
			})
		},
		forge.ErrUnavailable: func(gh *fakegithub.Server) {
			gh.Fail("POST", "/repos/*/*/pulls/*/*", fakegithub.Fault{Status: http.StatusBadGateway})
		},
	} {
		t.Run(want.Error(), func(t *testing.T) {
			t.Parallel()
			gh := reviewed(t)
			refuse(gh)

			review := reviewOf(10, remarkOn("shop/orders.sql", "lost rows"), remarkOn("shop/big.sql", "failed"))
			err := client(t, gh).Review(t.Context(), review)

			wantKind(t, err, want, "review comments on acme/shop#7: ")
			if n := requests(gh, "POST /repos/"); n != 1 {
				t.Errorf("%d creates, want 1", n)
			}
		})
	}
}

func TestRenamedFileIsKnownByItsNewName(t *testing.T) {
	t.Parallel()
	gh := reviewed(t)
	gh.AddFile(fakegithub.File{
		PullRequest: fakegithub.PullRequest, Path: "shop/sales.sql", Was: "shop/revenue.sql", Patch: added,
	})

	putReview(t, client(t, gh), reviewOf(10, remarkOn("shop/sales.sql", "lost rows"), remarkOn("shop/revenue.sql", "failed")))

	wantRemarks(t, gh, remarkOn("shop/sales.sql", "lost rows"))
}
