// Package markdown renders a report for GitHub: the comment on a pull request, the
// summary of a job, and the remarks at files. It owns the templates, the escaping of
// foreign text and the size of each text; it posts nothing.
package markdown

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Budgets in bytes, below the limits that GitHub publishes: 65,536 characters
// for a comment, to which a marker is added, and 1 MiB for a job's summary.
const (
	commentLimit = 60_000
	summaryLimit = 1_000_000
)

//go:embed templates/*.tmpl
var files embed.FS

var templates = template.Must(template.New("").
	Option("missingkey=error").
	Funcs(template.FuncMap{"number": tally.Number[int]}).
	ParseFS(files, "templates/*.tmpl"))

// Comment renders the Markdown of a pull request's comment, at most 60,000 bytes
// of it: what changed, what failed, and, folded, the rest. Where not everything
// finds room, the rows that matter least are left out and counted, with a link to
// the run. Nothing in the report is trusted.
func Comment(r report.Report, links Links) (string, error) {
	return render("comment.md.tmpl", commentPage(r, links), commentLimit)
}

// PublishedComment renders Comment for a report that another run left behind, and
// says so, with a link to that run's page, which is trusted.
func PublishedComment(r report.Report, runURL string) (string, error) {
	p := commentPage(r, Links{Run: runURL})
	p.PublishedFrom = runURL
	return render("comment.md.tmpl", p, commentLimit)
}

// Summary renders the Markdown of a job's summary, at most 1,000,000 bytes of it:
// every model with its time. It is cut as Comment is.
func Summary(r report.Report) (string, error) {
	return render("summary.md.tmpl", summaryPage(r, false), summaryLimit)
}

// SummaryWithTrend renders the summary of a run that follows others like it, on a
// schedule or a push: with the last counts of each notable model as a sparkline
// and a chart of the largest change since the run before.
func SummaryWithTrend(r report.Report) (string, error) {
	return render("summary.md.tmpl", summaryPage(r, true), summaryLimit)
}

// render fills the template, at first as if every row had been cut, to see what
// room is left for rows.
func render(name string, p *page, limit int) (string, error) {
	sections := p.sections()
	whole := make([][]string, len(sections))
	for i, s := range sections {
		whole[i], s.Rows, s.Left = s.Rows, nil, len(s.Rows)
	}
	frame, err := execute(name, p)
	if err != nil {
		return "", err
	}
	budget := limit - len(frame)
	if budget < 0 {
		return "", fmt.Errorf("render %s: %d bytes without any row; limit is %d", name, len(frame), limit)
	}
	for i, s := range sections {
		s.Rows, s.Left = whole[i], 0
		if s == &p.Failures {
			// What stands above the table is not to crowd it out.
			budget = budget - budget/2 + s.fit(budget/2)
			continue
		}
		budget = s.fit(budget)
	}
	return execute(name, p)
}

func execute(name string, p *page) (string, error) {
	var b strings.Builder
	if err := templates.ExecuteTemplate(&b, name, p); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return b.String(), nil
}
