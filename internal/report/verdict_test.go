package report

import "testing"

func TestVerdictIsOfTheGatesAlone(t *testing.T) {
	t.Parallel()
	failedAndBreached := breachedGates()
	failedAndBreached.Status = Failed
	unreadable := changed()
	unreadable.GatesUnchecked = []string{anAttack}
	unreadableAndFailed := unreadable
	unreadableAndFailed.Status = Failed
	for name, tt := range map[string]struct {
		report  Report
		verdict Verdict
		why     string
	}{
		"all well":              {changed(), Passed, "no gate breached"},
		"nothing ran":           {nothingRan(), Passed, "no gate breached"},
		"breached":              {breachedGates(), Breached, "❌ 1 gate breached · ⚠️ 2 gate warnings"},
		"breached, dbt failed":  {failedAndBreached, Breached, "❌ 1 gate breached · ⚠️ 2 gate warnings"},
		"unchecked":             {unreadable, Breached, "gates could not be checked"},
		"unchecked, dbt failed": {unreadableAndFailed, Breached, "gates could not be checked"},
		"warnings":              {warned(), Undecided, "⚠️ 1 gate warning"},
		"dbt failed":            {failed(), Undecided, "dbt failed before all gates could be checked"},
		"interrupted":           {interrupted(), Undecided, "dbt was interrupted before all gates could be checked"},
		"not audited":           {unaudited14(), Undecided, "no rows were counted, so no gate could be checked"},
		"hostile":               {hostile(anAttack), Breached, "❌ 2 gates breached"},
	} {
		if verdict, why := Judge(tt.report); verdict != tt.verdict || why != tt.why {
			t.Errorf("%s: got %s, %q; want %s, %q", name, verdict, why, tt.verdict, tt.why)
		}
	}
}
