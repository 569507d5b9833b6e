package surface

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

func TestAddressesAtEachForge(t *testing.T) {
	t.Parallel()
	e := ci.Event{ServerURL: "https://forge.example/git", Repository: "acme/shop", PullRequest: 7, HeadSHA: "c0ffee"}
	for name, test := range map[string]struct {
		vendor  Vendor
		changed string
		source  string
	}{
		"GitHub": {
			GitHub,
			"https://forge.example/git/acme/shop/pull/7/files#diff-eabeea3f0ea7ae202d2b242afcd14421008b03d3739987be2d691da034a0ae4c",
			"https://forge.example/git/acme/shop/blob/c0ffee/",
		},
		"GitLab": {
			GitLab,
			"https://forge.example/git/acme/shop/-/merge_requests/7/diffs#301beb77554032f103514821e1adf10ebc2fff92",
			"https://forge.example/git/acme/shop/-/blob/c0ffee/",
		},
	} {
		if got := test.vendor.file(e)("models/orders.sql"); got != test.changed {
			t.Errorf("%s: got %s, want %s", name, got, test.changed)
		}
		if got := test.vendor.sources(e); got != test.source {
			t.Errorf("%s: got %s, want %s", name, got, test.source)
		}
	}
	if got := (Vendor{}).sources(e) + GitHub.sources(ci.Event{}); got != "" {
		t.Errorf("got %q without a forge or a commit", got)
	}
}

// The first surface names what is missing, and a foreign pipeline is not a warning.
func TestGitLabWithoutAToken(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		forge Forge
		level ci.Level
		want  string
	}{
		"on a branch":         {Forge{Comment: config.Always}, ci.Notice, "skip comment: no merge request"},
		"for an issue":        {Forge{Issue: config.Problems}, ci.Warning, "skip issue: no token; "},
		"on a merge request":  {Forge{Comment: config.Always, Event: ci.Event{PullRequest: 7}}, ci.Warning, "skip comment: no token; "},
		"of a fork":           {Forge{Comment: config.Always, Event: ci.Event{PullRequest: 7, Fork: true}}, ci.Notice, "skip comment: a pipeline of "},
		"with the job's":      {Forge{ReviewComments: config.Problems, Token: "job", JobToken: "job"}, ci.Warning, "skip review comments: gitlab-token is CI_JOB_TOKEN"},
		"at no address":       {Forge{Comment: config.Always, Token: "glpat"}, ci.Warning, "skip comment: CI_API_V4_URL: not a URL"},
		"and nothing to post": {Forge{}, "", ""},
	} {
		test.forge.Vendor = GitLab
		var got []string
		var level ci.Level
		describe := Reporter(test.forge.Event, GitLab)
		Deliver(t.Context(), test.forge.Surfaces(), report.Report{}, func(s Skipped) {
			l, text, _ := describe(s)
			level, got = l, append(got, text)
		})
		if level != test.level || !strings.HasPrefix(strings.Join(got, "\n"), test.want) || test.want == "" && got != nil {
			t.Errorf("%s: got %s %q, want %s %s", name, level, got, test.level, test.want)
		}
	}
	if _, err := (Forge{}).ChangedFiles(t.Context()); !errors.Is(err, ErrNoPullRequest) {
		t.Errorf("changed files of no forge: %v", err)
	}
	if diff := cmp.Diff([]Surface(nil), Forge{Comment: config.Always}.Surfaces()); diff != "" {
		t.Errorf("surfaces of no forge (-want +got)\n%s", diff)
	}
}
