// Package markdown renders a report for GitHub: the comment on a pull request, the
// summary of a job, and the remarks on files. It owns the templates, the escaping of
// untrusted text and the size of each text. It does not post anything.
package markdown

import (
	"embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Budgets in bytes, below GitHub's limits: 65,536 characters for a comment, to which a
// marker is added, and 1 MiB for a job's summary.
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

// Comment renders the comment on a pull request in Markdown, at most 60,000 bytes: the
// changes, the failures and, folded, the rest. If not everything fits, it omits and
// counts the least important rows, with a link to the run. It treats all text of the
// report as untrusted.
func Comment(r report.Report, links Links) (string, error) {
	return render("comment.md.tmpl", commentPage(r, links), commentLimit)
}

// PublishedComment renders Comment for the report of another run, and states that with a
// link to that run's page, which is trusted.
func PublishedComment(r report.Report, links Links) (string, error) {
	p := commentPage(r, links)
	p.PublishedFrom = links.Run
	return render("comment.md.tmpl", p, commentLimit)
}

// Summary renders a job's summary in Markdown, at most 1,000,000 bytes: every model with
// its time. It is cut as Comment is.
func Summary(r report.Report) (string, error) {
	return render("summary.md.tmpl", summaryPage(r, false), summaryLimit)
}

// SummaryWithTrend renders the summary of a scheduled run or a push, which has similar
// earlier runs: with the last counts of each notable model as a sparkline, and a chart of
// the largest change since the previous run.
func SummaryWithTrend(r report.Report) (string, error) {
	return render("summary.md.tmpl", summaryPage(r, true), summaryLimit)
}

// render first executes the template without any rows, to find out how many bytes are
// left for rows.
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
			// The sections above the table must leave space for it.
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
