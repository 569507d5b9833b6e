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
	ExitCode    int
	Models      int
	Counted     bool // the rows of some model are known
	Failed      int  // failures listed
	Listed      int  // models in the table

	Problems    section // with auditing
	Failures    section // failed models and tests with dbt's words
	Changes     section // the table
	Unaudited   section // why models left no audit row
	Folds       []section
	Slowest     string // "" where no times are known, or not wanted
	Audited     bool
	Table       string // with the audit rows
	Version     string
	Invocations section
}

// newPage fills what comment and summary share.
func newPage(r Report) *page {
	failures := failuresOf(r)
	return &page{
		Headline:    headline(r),
		Facts:       facts(r),
		Interrupted: r.Status == Incomplete,
		ExitCode:    r.ExitCode,
		Models:      len(r.Models),
		Counted:     counted(r),
		Failed:      len(failures),
		Problems:    problems(r.Audit.Problems),
		Failures:    section{Rows: failures},
		Unaudited:   unaudited(r.Models),
		Audited:     r.Audit.Table != "",
		Table:       code(r.Audit.Table),
		Version:     code(r.TallyVersion),
		Invocations: invocations(r.Invocations),
	}
}

// commentPage shows what changed or failed and folds the rest.
func commentPage(r Report, summaryURL string) *page {
	p := newPage(r)
	columns := newColumns(r.Models)
	byStatus := map[tally.Status][]Model{}
	var shown []Model
	for _, m := range r.Models {
		if m.Status == tally.Failed || m.Status.Changed() {
			shown = append(shown, m)
			continue
		}
		byStatus[m.Status] = append(byStatus[m.Status], m)
	}
	p.Listed = len(shown)
	p.Changes = tableOf(shown, columns.changes())
	for _, f := range folds {
		models := byStatus[f.status]
		if len(models) == 0 {
			continue
		}
		s := tableOf(models, f.columns(columns))
		s.Title = f.title(len(models))
		p.Folds = append(p.Folds, s)
	}
	for _, s := range p.sections() {
		s.FullList = summaryURL
	}
	return p
}

// summaryPage shows every model in one table, with its time.
func summaryPage(r Report) *page {
	p := newPage(r)
	p.Listed = len(r.Models)
	columns := newColumns(r.Models)
	p.Changes = tableOf(r.Models, append(columns.changes(), columns.time, columns.why))
	p.Slowest = slowest(r.Models, columns)
	return p
}

// sections lists what can be cut, what matters most first.
func (p *page) sections() []*section {
	list := []*section{&p.Problems, &p.Invocations, &p.Failures, &p.Changes, &p.Unaudited}
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

// columns are the columns that tables of models are made of.
type columns struct{ icon, model, before, after, run, rows, time, why column[Model] }

func newColumns(models []Model) columns {
	name := namesOf(models)
	return columns{
		icon:   column[Model]{"", false, func(m Model) string { return looks[m.Status].icon }},
		model:  column[Model]{"model", false, func(m Model) string { return code(name(m)) }},
		before: column[Model]{"before", true, func(m Model) string { return rows(m.Before) }},
		after:  column[Model]{"after", true, func(m Model) string { return rows(m.After) }},
		run:    column[Model]{"this run", true, emphasised},
		rows:   column[Model]{"rows", true, func(m Model) string { return rows(m.After) }},
		time:   column[Model]{"time", true, took},
		why:    column[Model]{"why", false, why},
	}
}

func (c columns) changes() []column[Model] {
	return []column[Model]{c.icon, c.model, c.before, c.after, c.run}
}

func (c columns) counts() []column[Model]  { return []column[Model]{c.model, c.rows} }
func (c columns) reasons() []column[Model] { return []column[Model]{c.model, c.why} }

func emphasised(m Model) string {
	if m.Status == tally.Emptied {
		return "**" + change(m) + "**"
	}
	return change(m)
}

func took(m Model) string {
	if m.Seconds == 0 {
		return nothing
	}
	return duration(m.Seconds)
}

// why gives the reason of a status that does not speak for itself.
func why(m Model) string {
	switch m.Status {
	case tally.Failed, tally.NoAuditRow, tally.Skipped, tally.Reused, tally.NotCounted:
		return prose(m.Reason)
	default:
		return ""
	}
}

// namesOf names models by their names, and where several bear the same name
// (in two packages, or as versions) by what tells them apart in their unique_id.
func namesOf(models []Model) func(Model) string {
	bearers := map[string]int{}
	for _, m := range models {
		bearers[m.Name]++
	}
	return func(m Model) string {
		_, qualified, ok := strings.Cut(m.NodeID, ".")
		if bearers[m.Name] > 1 && ok {
			return qualified
		}
		return m.Name
	}
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
