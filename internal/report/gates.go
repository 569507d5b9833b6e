package report

import (
	"cmp"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Breach is a gate and the model that breached it.
type Breach struct {
	Model Model
	Gate  Gate
}

// Breaches lists the breached gates, errors first, else in the order of the
// models.
func Breaches(models []Model) []Breach {
	var list []Breach
	for _, m := range models {
		for _, g := range m.Gates {
			list = append(list, Breach{m, g})
		}
	}
	slices.SortStableFunc(list, func(a, b Breach) int {
		return cmp.Compare(alarmRank(a.Gate.Severity), alarmRank(b.Gate.Severity))
	})
	return list
}

func gatesOf(breaches []tally.Breach) []Gate {
	gates := make([]Gate, 0, len(breaches))
	for _, b := range breaches {
		gates = append(gates, Gate(b))
	}
	return gates
}

// AxisWords names what a gate looked at as the columns do; against is the title
// of the column that compares with the baseline.
func AxisWords(g Gate, against string) string {
	if g.Axis == tally.AxisBaseline {
		return against
	}
	return "this run"
}

// Unchecked lists the models whose gates were not checked.
func Unchecked(models []Model) []Model {
	return slices.DeleteFunc(slices.Clone(models), func(m Model) bool { return m.GatesUnchecked == "" })
}

// UncheckedTitle is the title of a list of n such models.
func UncheckedTitle(n int) string { return "gates of " + Plural(n, "model") + " not checked" }
