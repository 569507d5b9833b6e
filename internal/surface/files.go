package surface

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/html"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// Files are report.json, report.md and report.html in an existing directory.
type Files struct {
	Dir    string
	Vendor Vendor   // the zero Vendor: report.html links to no file
	Event  ci.Event // to whose run and files report.html links
}

// Name implements Surface.
func (Files) Name() string { return "report files" }

// Deliver implements Surface. It links report.json if all files were written.
func (f Files) Deliver(_ context.Context, r report.Report, links Links) (Links, error) {
	path, page := filepath.Join(f.Dir, "report.json"), filepath.Join(f.Dir, "report.html")
	pages := html.Links{Run: f.Event.RunURL, Files: f.Vendor.sources(f.Event)}
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
		workspace.WriteFile(page, func(w io.Writer) error { return html.Write(w, r, pages) }),
	)
	if err == nil {
		links.ReportJSON, links.ReportHTML = path, page
	}
	return links, err
}
