package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// page is what the templates of the comment and of the summary are filled from.
// Its strings are Markdown already.
type page struct {
	Headline    string
	Facts       string // target, commands, time
	Interrupted bool
	ExitCode    int // dbt's
	Models      int
	Counted     bool   // the rows of some model are known
	Failed      int    // failures listed
	Listed      int    // models in the table
	Baseline    string // what the run is compared with; "" for nothing

	PublishedFrom string // URL of the run that could not post this itself; "" for our own

	Problems    section // with auditing
	Breaches    section // of gates
	Failures    section // failed models and tests with dbt's words
	Changes     section // the table
	Unaudited   section // why models left no audit row
	Chart       string  // of the largest change; "" for none
	Folds       []section
	Slowest     string // "" where no times are known, or not wanted
	Audited     bool
	Table       string // with the audit rows
	Version     string
	Invocations section
	Installing  string // how long the requirements took to install; "" where there were none
}

// newPage fills what comment and summary share.
func newPage(r Report, c columns) *page {
	failures := failuresOf(r)
	p := &page{
		Headline:    headline(r),
		Facts:       facts(r),
		Interrupted: r.Status == Incomplete,
		ExitCode:    dbtExitCode(r),
		Models:      len(r.Models),
		Counted:     counted(r),
		Failed:      len(failures),
		Problems:    problems(r.Audit.Problems),
		Breaches:    breachTable(r, c),
		Failures:    section{Rows: failures},
		Unaudited:   unaudited(r.Models),
		Audited:     r.Audit.Table != "",
		Table:       code(r.Audit.Table),
		Version:     code(r.TallyVersion),
		Invocations: invocations(r.Invocations),
	}
	if r.Requirements != nil {
		p.Installing = duration(*r.Requirements)
	}
	if r.Baseline != nil {
		p.Baseline = branch(r.Baseline)
	}
	return p
}

// commentPage shows what is notable and folds the rest.
func commentPage(r Report, summaryURL string) *page {
	columns := newColumns(r)
	p := newPage(r, columns)
	shown, calm := split(r.Models)
	p.Listed = len(shown)
	p.Changes = tableOf(shown, columns.changes())
	p.fold(unchecked(r.Models, columns))
	for _, f := range folds {
		s := tableOf(calm[f.status], f.columns(columns))
		s.Title = f.title(len(calm[f.status]))
		p.fold(s)
	}
	for _, s := range p.sections() {
		s.FullList = summaryURL
	}
	return p
}

// summaryPage shows every model in one table, with its time and, where that is
// asked for, its trend.
func summaryPage(r Report, trends bool) *page {
	columns := newColumns(r)
	p := newPage(r, columns)
	p.Listed = len(r.Models)
	p.Changes = tableOf(r.Models, columns.everything(r.Models, trends))
	if trends {
		p.Chart = chart(r.Models, columns.model)
	}
	p.Slowest = slowest(r.Models, columns)
	p.fold(unchecked(r.Models, columns))
	return p
}

// split parts the notable models from the others, and these by their standing.
func split(models []Model) (shown []Model, calm map[tally.Status][]Model) {
	calm = map[tally.Status][]Model{}
	for _, m := range models {
		if notable(m) {
			shown = append(shown, m)
			continue
		}
		calm[standing(m)] = append(calm[standing(m)], m)
	}
	return shown, calm
}

// fold adds a folded section unless it is empty.
func (p *page) fold(s section) {
	if len(s.Rows) > 0 {
		p.Folds = append(p.Folds, s)
	}
}

// sections lists what can be cut, what matters most first.
func (p *page) sections() []*section {
	list := []*section{&p.Problems, &p.Invocations, &p.Breaches, &p.Failures, &p.Changes, &p.Unaudited}
	for i := range p.Folds {
		list = append(list, &p.Folds[i])
	}
	return list
}

// folds are the lists of models that nothing happened to, in the order of the
// comment, which is also the one in which they are worth their room.
var folds = []struct {
	status  tally.Status
	title   func(n int) string
	columns func(columns) []column[Model]
}{
	{tally.NoAuditRow, counter("without an audit row"), columns.reasons},
	{tally.Skipped, counter("skipped"), columns.reasons},
	{tally.Empty, counter("empty"), columns.counts},
	{tally.Unchanged, func(n int) string { return plural(n, "model") + " unchanged" }, columns.counts},
	{tally.Reused, counter("reused"), columns.reasons},
	{tally.NotCounted, counter("not counted"), columns.reasons},
}

func counter(words string) func(int) string {
	return func(n int) string { return number(n) + " " + words }
}

func problems(list []string) section {
	var s section
	for _, problem := range list {
		s.Rows = append(s.Rows, "> - "+span(clean(problem, maxProblem)))
	}
	s.Head = "> [!WARNING]\n> Auditing had problems, so counts may be missing:\n"
	return s
}

// unaudited says for each reason how many models left no audit row.
func unaudited(models []Model) section {
	var s section
	for _, r := range unauditedReasons(models) {
		s.Rows = append(s.Rows, fmt.Sprintf("- %s %s left no audit row: %s",
			looks[tally.NoAuditRow].icon, plural(r.models, "model"), prose(r.text)))
	}
	return s
}

type reason struct {
	text   string
	models int
}

// unauditedReasons counts the models without an audit row by reason, in the
// order of the models.
func unauditedReasons(models []Model) []reason {
	var list []reason
	index := map[string]int{}
	for _, m := range models {
		if m.Status != tally.NoAuditRow {
			continue
		}
		i, known := index[m.Reason]
		if !known {
			i, index[m.Reason] = len(list), len(list)
			list = append(list, reason{text: m.Reason})
		}
		list[i].models++
	}
	return list
}

func invocations(list []Invocation) section {
	return tableOf(list, []column[Invocation]{
		{"command", false, func(i Invocation) string { return code(i.Command) }},
		{"invocation", false, func(i Invocation) string { return code(i.ID) }},
		{"dbt", false, func(i Invocation) string { return code(i.DBTVersion) }},
		{"time", true, func(i Invocation) string { return duration(i.CompletedAt.Sub(i.StartedAt).Seconds()) }},
		{"exit code", true, func(i Invocation) string { return number(i.ExitCode) }},
	})
}

// slowest names the three models that took longest.
func slowest(models []Model, c columns) string {
	models = slices.DeleteFunc(slices.Clone(models), func(m Model) bool { return m.Seconds == 0 })
	slices.SortStableFunc(models, func(a, b Model) int { return cmp.Compare(b.Seconds, a.Seconds) })
	var list []string
	for _, m := range models[:min(3, len(models))] {
		list = append(list, c.model.cell(m)+" "+duration(m.Seconds))
	}
	return strings.Join(list, " · ")
}
