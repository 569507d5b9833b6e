package markdown

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// page contains the data for the templates of the comment and of the summary. Its strings
// are already Markdown.
type page struct {
	Headline      string
	Facts         string // how many models differ, from what, and links
	PublishedFrom string // URL of the run on whose behalf this is posted; "" for our own
	Note          string // that dbt was interrupted, or ran nothing

	Problems  section  // with auditing
	Failures  section  // failed models and tests with dbt's messages
	Changes   section  // the table
	Notes     []string // about the models that are gone, and those that no edit touched
	Unaudited section  // why models left no audit row
	Pictures  string   // charts
	More      section  // rows that do not fit in the table
	Calm      section  // models that need no attention

	Details details
}

// details describe how a run was measured.
type details struct {
	Title       string // of the fold that they share with the models that need no attention
	Where       string // target, commands, time
	Table       string // with the audit rows; "" if nothing was audited
	Version     string
	Unknown     section // why causes are unknown
	Invocations section
	Installing  string // how long the requirements took to install; "" if there were none
}

// newPage fills the parts that comment and summary share.
func newPage(r report.Report, c columns) *page {
	worst := report.HeadlineOf(r, style)
	p := &page{
		Headline:  headline(r, worst),
		Facts:     facts(r, worst.More, c.links),
		Note:      note(r),
		Problems:  problems(r),
		Failures:  section{Rows: failuresOf(r)},
		Notes:     report.CauseNotes(r, style),
		Unaudited: unaudited(r.Models),
		Details: details{
			Where:       where(r),
			Version:     code(r.TallyVersion),
			Unknown:     unknownCauses(r),
			Invocations: invocations(r.Invocations),
		},
	}
	if r.Audit.Table != "" {
		p.Details.Table = code(r.Audit.Table)
	}
	if r.Requirements != nil {
		p.Details.Installing = report.Duration(*r.Requirements)
	}
	return p
}

// commentPage shows a limited number of notable models, and folds the rest.
func commentPage(r report.Report, links Links) *page {
	columns := newColumns(r, links)
	p := newPage(r, columns)
	rows := report.TableRows(r)
	open := rows[:min(len(rows), report.MaxRows)]
	p.Changes = tableOf(open, columns.changes(open))
	p.foldRest(r, columns, rows, open, false)
	for _, s := range p.sections() {
		s.FullList = links.Run
	}
	return p
}

// summaryPage shows every row with its time and, if requested, its trend.
func summaryPage(r report.Report, trends bool) *page {
	columns := newColumns(r, Links{})
	p := newPage(r, columns)
	rows := report.TableRows(r)
	p.Changes = tableOf(rows, columns.everything(rows, trends))
	p.Pictures = strings.Join(pictures(r, columns, trends), "\n")
	p.foldRest(r, columns, rows, rows, true)
	return p
}

// foldRest folds the rows that are not in open, and the models that need no attention.
func (p *page) foldRest(r report.Report, c columns, rows, open []report.Row, times bool) {
	var more []report.Row
	for i, row := range rows {
		if i >= len(open) {
			more = append(more, report.Row{Model: row.Model})
		}
		for _, m := range row.Others {
			more = append(more, report.Row{Model: m})
		}
	}
	if times {
		p.More = tableOf(more, c.everything(more, false))
	} else {
		p.More = tableOf(more, c.changes(more))
	}
	p.More.Title = report.Plural(len(more), "more "+report.Noun(r.Models))
	calm := report.Calm(r, rows)
	p.Calm = tableOf(calm, c.calm(times))
	titles := report.CalmTitles(calm)
	if n := len(report.Unchecked(r.Models)); n > 0 {
		titles = append(titles, report.UncheckedTitle(n))
	}
	p.Details.Title = strings.Join(append(titles, "details of this run"), " · ")
}

// sections lists the sections that can be cut, the most important first.
func (p *page) sections() []*section {
	return []*section{
		&p.Problems, &p.Details.Invocations, &p.Failures, &p.Changes, &p.Unaudited,
		&p.More, &p.Details.Unknown, &p.Calm,
	}
}

// note states in a sentence why the page shows less than usual.
func note(r report.Report) string {
	switch {
	case r.Status == report.Incomplete:
		return "> [!WARNING]\n> dbt was interrupted. Only what it had finished by then could be counted."
	case len(r.Models) == 0 && len(r.Failures) == 0 && r.DBTExitCode() != 0:
		return "Its log says why."
	default:
		return ""
	}
}

// problems lists the gates that could not be checked and the other problems with
// auditing, without duplicates.
func problems(r report.Report) section {
	s := section{Head: "> [!WARNING]\n> Auditing had problems, so counts may be missing:\n"}
	if len(r.GatesUnchecked) > 0 {
		s.Head = "> [!CAUTION]\n> Gates could not be checked, so the run fails:\n"
	}
	for _, problem := range slices.Concat(r.GatesUnchecked, r.Audit.Problems) {
		row := "> - " + span(report.Clean(problem, report.MaxProblem))
		if !slices.Contains(s.Rows, row) {
			s.Rows = append(s.Rows, row)
		}
	}
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

func unknownCauses(r report.Report) section {
	var s section
	for _, reason := range report.UnknownCauses(r.Models) {
		s.Rows = append(s.Rows, "- "+prose(reason))
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
		list = append(list, code(c.name(m))+" "+report.Duration(m.Seconds))
	}
	if len(list) == 0 {
		return ""
	}
	return "Slowest: " + strings.Join(list, " · ") + "\n"
}
