package app

import (
	"strconv"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/config"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/runner"
)

func TestAnnotationsLeaveRoomForWhatIsWrongWithAuditing(t *testing.T) {
	t.Parallel()
	var made report.Report
	for i := range 12 {
		made.Failures = append(made.Failures, report.Failure{NodeID: "model.shop.m" + strconv.Itoa(i), Kind: "model"})
	}
	for _, test := range []struct {
		name     string
		mustWork bool
		problems int
		want     int
		last     string
	}{
		{"none", false, 0, 10, "3 more are in the report"},
		{"told as warnings", false, 2, 10, "3 more are in the report"},
		{"told as errors", true, 2, 8, "5 more are in the report"},
		{"more than there is room for", true, 20, 1, "12 more are in the report"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := &story{cfg: config.Config{}, problems: make([]string, test.problems)}
			s.cfg.Audit.MustWork = test.mustWork
			got := fitting(aboutFailures(made), runner.Error, s.room(runner.Error))
			if len(got) != test.want || got[len(got)-1].Message != test.last {
				t.Errorf("%d annotations, the last %q; want %d, %q", len(got), got[len(got)-1].Message, test.want, test.last)
			}
		})
	}
}
