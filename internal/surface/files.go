package surface

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/html"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// Files are report.json, report.md and report.html in an existing directory.
type Files struct {
	Dir   string
	Links html.Links // to which report.html links
}

// Name implements Surface.
func (Files) Name() string { return "report files" }

// Deliver implements Surface. It links report.json if all files were written.
func (f Files) Deliver(_ context.Context, r report.Report, links Links) (Links, error) {
	path, page := filepath.Join(f.Dir, "report.json"), filepath.Join(f.Dir, "report.html")
	err := errors.Join(
		workspace.WriteFile(path, func(w io.Writer) error { return report.WriteJSON(w, r) }),
		workspace.WriteFile(filepath.Join(f.Dir, "report.md"), func(w io.Writer) error {
			text, err := markdown.Summary(r)
			if err != nil {
				return err
			}
			_, err = io.WriteString(w, text)
			return err
		}),
		workspace.WriteFile(page, func(w io.Writer) error { return html.Write(w, r, f.Links) }),
	)
	if err == nil {
		links.ReportJSON, links.ReportHTML = path, page
	}
	return links, err
}
