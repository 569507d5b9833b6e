package report

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestModelsAreRankedByWhatMattersMost(t *testing.T) {
	t.Parallel()
	models := []Model{
		{Name: "calm", Status: tally.Unchanged},
		{Name: "grew a little", Status: tally.Grew, Change: new(int64(1))},
		{Name: "grew much", Status: tally.Grew, Change: new(int64(100))},
		{Name: "new", Status: tally.New, Change: new(int64(1000))},
		{Name: "shrank", Status: tally.Shrank, Change: new(int64(-1))},
		{Name: "shrank by the most possible", Status: tally.Shrank, Change: new(int64(math.MinInt64))},
		{Name: "failed b", Status: tally.Failed},
		{Name: "failed a", Status: tally.Failed},
		{Name: "warned", Status: tally.Unchanged, Gates: []Gate{{Severity: tally.SeverityWarn}}},
		{
			Name: "breached", Status: tally.New,
			Gates: []Gate{{Severity: tally.SeverityWarn}, {Severity: tally.SeverityError}},
		},
		{
			Name: "first build, fewer than the baseline", Status: tally.New,
			Change: new(int64(7)), After: new(int64(7)), BaselineChange: new(int64(-50)),
		},
		{Name: "emptied", Status: tally.Emptied, Change: new(int64(-2))},
	}
	rank(models)
	var got []string
	for _, m := range models {
		got = append(got, m.Name)
	}
	want := []string{
		"breached", "warned", "failed a", "failed b", "emptied", "shrank by the most possible",
		"first build, fewer than the baseline", "shrank", "grew much", "grew a little", "new", "calm",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}
