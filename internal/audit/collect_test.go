package audit

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/dbt"
	"github.com/dbt-tally/dbt-tally/internal/job"
	"github.com/dbt-tally/dbt-tally/internal/profile"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

func TestWhichRunsAreComparedWith(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	tests := map[string]struct {
		event    ci.Event
		baseline config.Baseline
		want     warehouse.HistoryQuery
	}{
		"on a pull request, the base branch's": {
			event: ci.Event{HeadRef: "feature", BaseRef: "main"},
			want:  warehouse.HistoryQuery{Wanted: true, Branch: "main", Target: "ci", Before: noon, ExcludeEvents: notForOthers},
		},
		"on a push, the branch's own": {
			event: ci.Event{HeadRef: "main"},
			want:  warehouse.HistoryQuery{Wanted: true, Branch: "main", Target: "ci", Before: noon, ExcludeEvents: notForOthers},
		},
		"without a branch, the target's": {
			want: warehouse.HistoryQuery{Wanted: true, Target: "ci", Before: noon, ExcludeEvents: notForOthers},
		},
		"a requested branch": {
			event:    ci.Event{HeadRef: "feature", BaseRef: "main"},
			baseline: config.Baseline{Branch: "release", Target: "prod", Table: config.Table{Database: "d", Schema: "s"}},
			want: warehouse.HistoryQuery{
				Wanted: true, Branch: "release", Named: true, Target: "prod", Before: noon, Database: "d", Schema: "s",
			},
		},
		"a requested run, of any branch": {
			event:    ci.Event{BaseRef: "main"},
			baseline: config.Baseline{RunID: "one"},
			want:     warehouse.HistoryQuery{Wanted: true, RunID: "one", Target: "ci", Before: noon},
		},
		"none": {baseline: config.Baseline{Off: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := Settings{
				Job:        job.Job{Event: test.event, Config: config.Config{Baseline: test.baseline}},
				Connection: job.Connection{Connection: profile.Connection{Target: "ci"}},
			}
			got := s.historyQuery(noon)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAForksBranchIsNotOurs(t *testing.T) {
	t.Parallel()
	s := Settings{Job: job.Job{
		Event:   ci.Event{HeadRef: "main", BaseRef: "main", Fork: true},
		Secrets: job.NewSecrets(func([]string) {}),
	}}
	if got := s.record(dbt.Invocation{ID: "this"}).Branch; got != "fork:main" {
		t.Errorf("a fork's run is recorded for branch %q", got)
	}
}

func TestABranchsOwnFirstRunNeedsNoBaseline(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		branch   string
		baseline config.Baseline
		failure  config.Failure
		want     bool
	}{
		"another branch":            {"feature", config.Baseline{Branch: "main"}, config.Auto, true},
		"another branch, of no run": {"", config.Baseline{Branch: "main"}, config.Fail, true},
		"its own branch":            {"main", config.Baseline{Branch: "main"}, config.Auto, false},
		"a run":                     {"", config.Baseline{RunID: "one"}, config.Auto, true},
		"only a warning":            {"feature", config.Baseline{Branch: "main"}, config.Warn, false},
	} {
		s := Settings{Job: job.Job{
			Event:  ci.Event{HeadRef: tc.branch},
			Config: config.Config{Baseline: tc.baseline, Audit: config.Audit{Failure: tc.failure}},
		}}
		if got := s.needsBaseline(); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
