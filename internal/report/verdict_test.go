package report_test

import (
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
)

func TestVerdictIsOfTheGatesAlone(t *testing.T) {
	t.Parallel()
	failedAndBreached := situation.Breached()
	failedAndBreached.Status = report.Failed
	unreadable := situation.Changed()
	unreadable.GatesUnchecked = []string{situation.Attack}
	unreadableAndFailed := unreadable
	unreadableAndFailed.Status = report.Failed
	for name, tt := range map[string]struct {
		report  report.Report
		verdict report.Verdict
		why     string
	}{
		"all well":              {situation.Changed(), report.Passed, "no gate breached"},
		"nothing ran":           {situation.NothingRan(), report.Passed, "no gate breached"},
		"breached":              {situation.Breached(), report.Breached, "❌ 1 gate breached · ⚠️ 2 gate warnings"},
		"breached, dbt failed":  {failedAndBreached, report.Breached, "❌ 1 gate breached · ⚠️ 2 gate warnings"},
		"unchecked":             {unreadable, report.Breached, "gates could not be checked"},
		"unchecked, dbt failed": {unreadableAndFailed, report.Breached, "gates could not be checked"},
		"warnings":              {situation.Warned(), report.Undecided, "⚠️ 1 gate warning"},
		"dbt failed":            {situation.Failed(), report.Undecided, "dbt failed before all gates could be checked"},
		"interrupted": {
			situation.Interrupted(), report.Undecided,
			"dbt was interrupted before all gates could be checked",
		},
		"not audited": {
			situation.Unaudited(), report.Undecided, "no rows were counted, so no gate could be checked",
		},
		"hostile": {situation.Hostile(situation.Attack), report.Breached, "❌ 2 gates breached"},
	} {
		if verdict, why := report.Judge(tt.report); verdict != tt.verdict || why != tt.why {
			t.Errorf("%s: got %s, %q; want %s, %q", name, verdict, why, tt.verdict, tt.why)
		}
	}
}
