package report

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Breach is a gate and the model that breached it.
type Breach struct {
	Model Model
	Gate  Gate
}

// Breaches lists the breached gates, errors first, otherwise in the order of the models.
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

// number matches a gate's value that can be part of a sentence as it is.
var number = regexp.MustCompile(`^[−+]?[\d,.]{1,24}%?$`)

// BreachWords states a breach in a sentence about the model. The name must be safe for
// the surface.
func BreachWords(r Report, g Gate, model string, s Style) string {
	value, limit := s.Name(g.Value), s.Name(g.Limit)
	if number.MatchString(g.Value) {
		value = strings.TrimLeft(g.Value, tally.Minus+"+")
	}
	if number.MatchString(g.Limit) {
		limit = g.Limit
	}
	against, share := AxisWords(r, g, s), strings.HasSuffix(g.Value, "%")
	switch {
	case g.Gate == "max-drop" && share:
		return fmt.Sprintf("%s lost %s of its rows %s (limit %s)", model, value, against, limit)
	case g.Gate == "max-drop":
		return fmt.Sprintf("%s lost %s rows %s (limit %s)", model, value, against, limit)
	case g.Gate == "max-growth" && share:
		return fmt.Sprintf("%s grew by %s %s (limit %s)", model, value, against, limit)
	case g.Gate == "max-growth":
		return fmt.Sprintf("%s gained %s rows %s (limit %s)", model, value, against, limit)
	case g.Gate == "max-updated" && share:
		return fmt.Sprintf("%s had %s of its rows rewritten %s (limit %s)", model, value, against, limit)
	case g.Gate == "max-updated":
		return fmt.Sprintf("%s had %s rows rewritten %s (limit %s)", model, value, against, limit)
	case g.Gate == "max-deleted" && share:
		return fmt.Sprintf("%s had %s of its rows deleted %s (limit %s)", model, value, against, limit)
	case g.Gate == "max-deleted":
		return fmt.Sprintf("%s had %s rows deleted %s (limit %s)", model, value, against, limit)
	case g.Gate == "max-fanout" && share:
		return fmt.Sprintf("%s has %s more rows per row of its largest parent %s (limit %s)", model, value, against, limit)
	case g.Gate == "columns":
		return fmt.Sprintf("%s changed its columns %s: %s (%s)", model, against, s.Name(g.Value), limit)
	case g.Gate == "min-rows" && g.Value == "0":
		return fmt.Sprintf("%s has no rows (minimum %s)", model, limit)
	case g.Gate == "min-rows":
		return fmt.Sprintf("%s has %s rows (minimum %s)", model, value, limit)
	case g.Gate == "max-rows":
		return fmt.Sprintf("%s has %s rows (maximum %s)", model, value, limit)
	case g.Gate == "unusual":
		return fmt.Sprintf("%s changed unusually %s: %s", model, against, s.Name(g.Value))
	default:
		return fmt.Sprintf("%s breaches %s: %s %s (limit %s)", model, s.Name(g.Gate), s.Name(g.Value), against, limit)
	}
}

// AxisWords returns what a gate compared with.
func AxisWords(r Report, g Gate, s Style) string {
	if g.Axis == tally.AxisBaseline {
		return r.Against(s)
	}
	return "in this run"
}

// GateWords lists the gates that a model breached, in short form, without duplicates.
func GateWords(m Model, s Style) []string {
	var list []string
	for _, g := range m.Gates {
		words := s.Name(g.Gate+" "+g.Limit) + " breached"
		if !slices.Contains(list, words) {
			list = append(list, words)
		}
	}
	return list
}

// Unchecked lists the models whose gates were not checked.
func Unchecked(models []Model) []Model {
	return slices.DeleteFunc(slices.Clone(models), func(m Model) bool { return m.GatesUnchecked == "" })
}

// UncheckedTitle returns the title of a list of n such models.
func UncheckedTitle(n int) string { return "gates of " + Plural(n, "model") + " not checked" }

// Finding is a breach or a failure in plain words, for surfaces that show one at a time.
type Finding struct {
	NodeID   string
	Check    string // the gate, or what failed: max-drop, model, test, dbt
	Axis     tally.Axis
	File     string // the file that caused a breach, or the node's; "" if it is not in the repository
	Title    string
	Message  string
	Severity tally.Severity
	Failed   bool // dbt reported it
}

// plainStyle is foreign text in a line without markup.
var plainStyle = Style{Name: plainName, Prose: plainName}

func plainName(s string) string { return Clean(s, MaxName) }

// Findings lists the breaches, then the failed nodes and then the failed tests, because
// these matter less than failed models. A breach is at the file that caused it.
func Findings(r Report) []Finding {
	name, node := Names(r.Models), NodeNames(r.Models)
	var list, tests []Finding
	for _, breach := range Breaches(r.Models) {
		message := BreachWords(r, breach.Gate, plainName(name(breach.Model)), plainStyle)
		if cause := CauseWords(r, breach.Model, func(id string) string { return plainName(node(id)) }); cause != "" {
			message += "; " + cause
		}
		severity := tally.SeverityError
		if breach.Gate.Severity == tally.SeverityWarn {
			severity = tally.SeverityWarn
		}
		list = append(list, Finding{
			NodeID: breach.Model.NodeID, Check: breach.Gate.Gate, Axis: breach.Gate.Axis, Severity: severity,
			File: CauseFile(r, breach.Model), Title: "dbt-tally: gate breached", Message: message,
		})
	}
	for _, failure := range r.Failures {
		found := Finding{
			NodeID: failure.NodeID, Check: failure.Kind, File: failure.File, Failed: true, Severity: tally.SeverityError,
			Title: "dbt: " + failure.Kind + " failed", Message: failure.NodeID + "\n" + failure.Message,
		}
		if failure.Kind == "test" || failure.Kind == "unit_test" {
			tests = append(tests, found)
		} else {
			list = append(list, found)
		}
	}
	return append(list, tests...)
}
