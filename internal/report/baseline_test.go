package report_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestStandingIsTheMoreInformativeStatus(t *testing.T) {
	t.Parallel()
	plain := func(status tally.Status, after int64) tally.Model {
		return situation.Model("m", status, situation.Unknown, after, 1)
	}
	for name, test := range map[string]struct {
		model tally.Model
		want  tally.Status
	}{
		"first build, fewer rows than the baseline": {situation.Was(plain(tally.New, 9), 10, 1), tally.Shrank},
		"first build, more rows than the baseline":  {situation.Was(plain(tally.New, 11), 10, 1), tally.Grew},
		"first build, as many as the baseline":      {situation.Was(plain(tally.New, 10), 10, 1), tally.Unchanged},
		"first build, emptied":                      {situation.Was(plain(tally.New, 0), 10, 1), tally.Emptied},
		"first build, empty in the baseline too":    {situation.Was(plain(tally.New, 0), 0, 1), tally.Empty},
		"first build, not in the baseline":          {situation.NewThere(plain(tally.New, 9)), tally.New},
		"first build, nothing compared":             {plain(tally.New, 9), tally.New},
		"built again, fewer rows than the baseline": {situation.Was(plain(tally.Unchanged, 9), 10, 1), tally.Shrank},
		"built again, not in the baseline":          {situation.NewThere(plain(tally.Unchanged, 9)), tally.New},
		"built again, empty, not in the baseline":   {situation.NewThere(plain(tally.Empty, 0)), tally.New},
		"this run's change stays":                   {situation.Was(plain(tally.Grew, 9), 10, 1), tally.Grew},
		"a failure stays":                           {situation.NewThere(plain(tally.Failed, situation.Unknown)), tally.Failed},
	} {
		if got := line(test.model).Standing(); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

func TestABaselineIsStaleBeyondItsMaximumAge(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limit time.Duration
		want  bool
	}{{0, false}, {time.Hour, true}, {3 * time.Hour, false}} {
		r := situation.Run()
		r.BaselineMaxAge = test.limit
		if got := report.New(r, tally.Tally{BaselineRun: situation.Main()}).Baseline.Stale; got != test.want {
			t.Errorf("2 h old, limit %v: stale is %v, want %v", test.limit, got, test.want)
		}
	}
}

func TestGatesAreListedErrorsFirst(t *testing.T) {
	t.Parallel()
	r := situation.Breached()
	var got []string
	for _, g := range r.Gates {
		got = append(got, string(g.Severity)+" "+g.NodeID+" "+g.Gate)
	}
	want := []string{
		"error model.shop.fct_orders max-drop",
		"warn model.shop.fct_orders max-rows",
		"warn model.shop.dim_region min-rows",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if r.Totals.GatesBreached != len(want) {
		t.Errorf("gates_breached is %d, want %d", r.Totals.GatesBreached, len(want))
	}
}
