package markdown

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
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
func newPage(r report.Report, c columns) *page {
	failures := failuresOf(r)
	p := &page{
		Headline:    report.Headline(r, prose),
		Facts:       facts(r),
		Interrupted: r.Status == report.Incomplete,
		ExitCode:    r.DBTExitCode(),
		Models:      len(r.Models),
		Counted:     r.Counted(),
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
		p.Installing = report.Duration(*r.Requirements)
	}
	if r.Baseline != nil {
		p.Baseline = r.Baseline.Name(prose)
	}
	return p
}

// commentPage shows what is notable and folds the rest.
func commentPage(r report.Report, summaryURL string) *page {
	columns := newColumns(r)
	p := newPage(r, columns)
	shown, folds := report.Split(r.Models)
	p.Listed = len(shown)
	p.Changes = tableOf(shown, columns.changes())
	p.fold(unchecked(r.Models, columns))
	for _, f := range folds {
		s := tableOf(f.Models, columns.folded(f.Look))
		s.Title = f.Title
		p.fold(s)
	}
	for _, s := range p.sections() {
		s.FullList = summaryURL
	}
	return p
}

// summaryPage shows every model in one table, with its time and, where that is
// asked for, its trend.
func summaryPage(r report.Report, trends bool) *page {
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

func problems(list []string) section {
	var s section
	for _, problem := range list {
		s.Rows = append(s.Rows, "> - "+span(report.Clean(problem, report.MaxProblem)))
	}
	s.Head = "> [!WARNING]\n> Auditing had problems, so counts may be missing:\n"
	return s
}

// unaudited lists why models left no audit row.
func unaudited(models []report.Model) section {
	var s section
	for _, reason := range report.Unaudited(models, prose) {
		s.Rows = append(s.Rows, "- "+report.LookOf(tally.NoAuditRow).Sign+" "+reason)
	}
	return s
}

func invocations(list []report.Invocation) section {
	return tableOf(list, []column[report.Invocation]{
		{"command", false, func(i report.Invocation) string { return code(i.Command) }},
		{"invocation", false, func(i report.Invocation) string { return code(i.ID) }},
		{"dbt", false, func(i report.Invocation) string { return code(i.DBTVersion) }},
		{"time", true, func(i report.Invocation) string {
			return report.Duration(i.CompletedAt.Sub(i.StartedAt).Seconds())
		}},
		{"exit code", true, func(i report.Invocation) string { return tally.Number(i.ExitCode) }},
	})
}

// slowest names the three models that took longest.
func slowest(models []report.Model, c columns) string {
	models = slices.DeleteFunc(slices.Clone(models), func(m report.Model) bool { return m.Seconds == 0 })
	slices.SortStableFunc(models, func(a, b report.Model) int { return cmp.Compare(b.Seconds, a.Seconds) })
	var list []string
	for _, m := range models[:min(3, len(models))] {
		list = append(list, c.model.cell(m)+" "+report.Duration(m.Seconds))
	}
	return strings.Join(list, " · ")
}
