package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Style makes untrusted text safe for a surface.
type Style struct {
	Name  func(string) string // a name or a value
	Prose func(string) string // a sentence, or the name of a branch
}

// Headline states the worst fact of a run, with the model and the number.
type Headline struct {
	Sign string // "" if there is no problem
	Text string
	More []string // further facts, in short form
}

// HeadlineOf returns the worst fact. Without a problem it is the number of models that
// differ.
func HeadlineOf(r Report, s Style) Headline {
	facts := worstFirst(r, s)
	if len(facts) == 0 {
		return Headline{Text: gist(r, s)}
	}
	h := Headline{Sign: facts[0].sign, Text: facts[0].text}
	if facts[0].rest != "" {
		h.More = append(h.More, facts[0].rest)
	}
	for _, f := range facts[1:] {
		h.More = append(h.More, f.short)
	}
	if len(r.Models) > 0 && r.Counted() {
		h.More = append(h.More, gist(r, s))
	}
	return h
}

// fact is a problem of a run.
type fact struct {
	sign  string
	text  string // as the headline
	rest  string // what the headline omits
	short string // if another fact is the headline
}

// The signs of a fact.
const (
	bad      = "❌"
	doubtful = "⚠️"
)

func worstFirst(r Report, s Style) []fact {
	var facts []fact
	add := func(f fact, ok bool) {
		if ok {
			facts = append(facts, f)
		}
	}
	notRun, failed := couldNotRun(r, s), failedNodes(r, s)
	add(fact{sign: bad, text: notRun, short: notRun}, notRun != "")
	add(breached(r, s, tally.SeverityError))
	unchecked := "gates could not be checked"
	if !r.Counted() {
		unchecked += ", because auditing did not work"
	}
	add(fact{sign: bad, text: unchecked, short: unchecked}, len(r.GatesUnchecked) > 0)
	interrupted := "dbt was interrupted"
	add(fact{sign: doubtful, text: interrupted, short: interrupted}, r.Status == Incomplete)
	add(failed, failed.text != "")
	ended := fmt.Sprintf("dbt ended with exit code %d", r.DBTExitCode())
	add(fact{sign: bad, text: ended, short: ended},
		r.DBTExitCode() != 0 && notRun == "" && failed.text == "" && r.Status != Incomplete)
	uncounted := "no rows were counted"
	add(fact{sign: doubtful, text: uncounted, short: uncounted}, len(r.Models) > 0 && !r.Counted())
	add(breached(r, s, tally.SeverityWarn))
	return facts
}

// breached states the first breach of a severity, and how many more there are.
func breached(r Report, s Style, severity tally.Severity) (f fact, ok bool) {
	breaches := slices.DeleteFunc(Breaches(r.Models), func(b Breach) bool { return b.Gate.Severity != severity })
	if len(breaches) == 0 {
		return fact{}, false
	}
	name := Names(r.Models)(breaches[0].Model)
	f = fact{
		sign: AlarmOf(breaches[0].Gate).Sign,
		text: BreachWords(r, breaches[0].Gate, s.Name(name), s), short: breachCount(len(breaches), "", severity),
	}
	if more := len(breaches) - 1; more > 0 {
		f.rest = breachCount(more, "more ", severity)
	}
	return f, true
}

// breachCount counts breaches of a severity. more separates the first of them from the
// others.
func breachCount(n int, more string, severity tally.Severity) string {
	if severity == tally.SeverityWarn {
		return Plural(n, more+"gate warning")
	}
	return Plural(n, more+"gate") + " breached"
}

// DBTExitCode returns dbt's first exit code other than 0. The report's own exit code may
// be that of a gate or of the audit.
func (r Report) DBTExitCode() int {
	code := 0
	for _, i := range r.Invocations {
		code = cmp.Or(code, i.ExitCode)
	}
	return code
}

// gist states how many models differ, without a verdict.
func gist(r Report, s Style) string {
	n, verb := 0, " changed"
	rebuilt := func(m Model) bool { return m.Status.Changed() && m.Status != tally.New }
	switch {
	case len(r.Models) == 0:
		return "dbt ran no model, seed or snapshot"
	case !r.Counted():
		return "no rows were counted"
	case r.Compares():
		for _, m := range r.Models {
			if m.Differs() {
				n++
			}
		}
		verb = " differ from " + r.Baseline.Name(s.Prose)
		if n < 2 {
			verb = " differs from " + r.Baseline.Name(s.Prose)
		}
		if r.sameBranch() {
			verb = " changed since the last run"
		}
	default:
		n = r.Totals.Changed
		if n > 0 && !slices.ContainsFunc(r.Models, rebuilt) {
			verb = " are new"
			if n == 1 {
				verb = " is new"
			}
		}
	}
	noun := Noun(r.Models)
	if n == 0 {
		return "no " + noun + verb
	}
	return fmt.Sprintf("%s of %s%s", tally.Number(n), Plural(len(r.Models), noun), verb)
}

// Noun returns the noun for the models: "node" if there are also seeds or snapshots among
// them.
func Noun(models []Model) string {
	for _, m := range models {
		if m.ResourceType != "model" && m.ResourceType != "" {
			return "node"
		}
	}
	return "model"
}

// Compares reports whether any model could be compared with the baseline.
func (r Report) Compares() bool {
	return r.Baseline != nil &&
		slices.ContainsFunc(r.Models, func(m Model) bool { return m.BaselineNew || m.BaselineChange != nil })
}

// Counted reports whether the rows of any model are known.
func (r Report) Counted() bool {
	return slices.ContainsFunc(r.Models, func(m Model) bool { return m.After != nil })
}
