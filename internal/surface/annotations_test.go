package surface

import (
	"strconv"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

func TestAnnotationsLeaveRoomForProblemsWithAuditing(t *testing.T) {
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
		{"reported as warnings", false, 2, 10, "3 more are in the report"},
		{"reported as errors", true, 2, 8, "5 more are in the report"},
		{"more than the limit", true, 20, 1, "12 more are in the report"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			made := made
			made.Audit.Problems = make([]string, test.problems)
			var got []ci.Annotation
			surface := Annotations{
				Annotate:          func(a ci.Annotation) { got = append(got, a) },
				ProblemsAreErrors: test.mustWork,
			}
			if _, err := surface.Deliver(t.Context(), made, Links{}); err != nil {
				t.Fatal(err)
			}
			if len(got) != test.want || got[len(got)-1].Message != test.last {
				t.Errorf("%d annotations, the last %q; want %d, %q", len(got), got[len(got)-1].Message, test.want, test.last)
			}
		})
	}
}
