package github

import (
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/forge"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/fakegithub"
)

func TestOpenPullRequestOfABranch(t *testing.T) {
	t.Parallel()
	from := func(repository, branch, sha string) fakegithub.Issue {
		return fakegithub.Issue{Author: "alice", From: fakegithub.Branch{Repository: repository, Name: branch, SHA: sha}}
	}
	merged := from(fakegithub.Repository, "fix/a&b", "5eed")
	merged.State = "closed"
	for _, tt := range []struct {
		name, of string
		pulls    []fakegithub.Issue
		want     int
	}{
		{"none", "acme/shop", nil, 0},
		{"of this branch", "acme/shop", []fakegithub.Issue{from("acme/shop", "fix/a&b", "5eed")}, 8},
		{"the repository in another case", "acme/shop", []fakegithub.Issue{from("Acme/Shop", "fix/a&b", "5eed")}, 8},
		{
			"the oldest of two", "acme/shop",
			[]fakegithub.Issue{from("acme/shop", "fix/a&b", "5eed"), from("acme/shop", "fix/a&b", "5eed")},
			8,
		},
		{"merged since", "acme/shop", []fakegithub.Issue{merged}, 0},
		{"pushed to since", "acme/shop", []fakegithub.Issue{from("acme/shop", "fix/a&b", "f00d")}, 0},
		{"of another branch", "acme/shop", []fakegithub.Issue{from("acme/shop", "fix", "5eed")}, 0},
		{"of the owner's fork", "acme/shop", []fakegithub.Issue{from("acme/shop-fork", "fix/a&b", "5eed")}, 0},
		{"of a fork", "acme/shop", []fakegithub.Issue{from("mallory/shop", "fix/a&b", "5eed")}, 0},
		{
			"of the requested fork", "alice/shop-1",
			[]fakegithub.Issue{from("mallory/shop", "fix/a&b", "5eed"), from("alice/shop-1", "fix/a&b", "5eed")},
			9,
		},
		{"of a fork of the same owner", "alice/shop-1", []fakegithub.Issue{from("alice/shop", "fix/a&b", "5eed")}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			gh := fakegithub.New(t, fakegithub.Options{})
			for _, pull := range tt.pulls {
				gh.Open(pull)
			}

			number, ok, err := client(t, gh).OpenPullRequest(t.Context(), headOf(tt.of, "fix/a&b", "5eed"))

			if err != nil || number != tt.want || ok != (tt.want != 0) {
				t.Errorf("got %d, %v, %v; want %d", number, ok, err, tt.want)
			}
		})
	}
}

// GitHub ignores a filter that names no branch, and lists all pull requests.
func TestPushToNoBranchHasNoPullRequest(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	head := headOf(fakegithub.Repository, "", fakegithub.HeadSHA)
	if number, ok, err := client(t, gh).OpenPullRequest(t.Context(), head); ok || err != nil {
		t.Errorf("got %d, %v, %v; want none", number, ok, err)
	}
}

func TestPullRequestsThatMayNotBeListedAreReported(t *testing.T) {
	t.Parallel()
	gh := fakegithub.New(t, fakegithub.Options{})
	gh.Fail("GET", "/repos/*/*/pulls", fakegithub.Fault{Status: 403})

	_, _, err := client(t, gh).OpenPullRequest(t.Context(), headOf("alice/shop", "fix", "5eed"))

	wantKind(t, err, forge.ErrPermission, `pull request of branch "fix" of alice/shop in acme/shop: `, `"pull-requests: write"`)
}
