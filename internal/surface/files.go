package surface

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/ci"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/formats"
	"github.com/dbt-tally/dbt-tally/internal/report/html"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
	"github.com/dbt-tally/dbt-tally/internal/workspace"
)

// Files are the report files in an existing directory, in every format.
type Files struct {
	Dir    string
	Vendor Vendor   // the zero Vendor: report.html links to no file
	Event  ci.Event // to whose run and files report.html links
}

// Name implements Surface.
func (Files) Name() string { return "report files" }

// Deliver implements Surface. It links report.json and report.html if all files were
// written.
func (f Files) Deliver(_ context.Context, r report.Report, links Links) (Links, error) {
	pages := html.Links{Run: f.Event.RunURL, Files: f.Vendor.sources(f.Event)}
	var problems error
	for name, write := range map[string]func(io.Writer) error{
		"report.json":      func(w io.Writer) error { return report.WriteJSON(w, r) },
		"report.html":      func(w io.Writer) error { return html.Write(w, r, pages) },
		"junit.xml":        func(w io.Writer) error { return formats.JUnit(w, r) },
		"codequality.json": func(w io.Writer) error { return formats.CodeQuality(w, r) },
		"metrics.txt":      func(w io.Writer) error { return formats.Metrics(w, r) },
		"report.md": func(w io.Writer) error {
			text, err := markdown.Summary(r)
			if err != nil {
				return err
			}
			_, err = io.WriteString(w, text)
			return err
		},
	} {
		problems = errors.Join(problems, workspace.WriteFile(filepath.Join(f.Dir, name), write))
	}
	if problems == nil {
		links.ReportJSON, links.ReportHTML = filepath.Join(f.Dir, "report.json"), filepath.Join(f.Dir, "report.html")
	}
	return links, problems
}

// Handover are the files for later jobs, which are written last: the outputs as
// variables, and links for the page of the job.
type Handover struct {
	Dir       string
	Checkout  workspace.Checkout // paths are relative to it
	ReportURL string             // the address of report.html, "" if it is not known
}

// Name implements Surface.
func (Handover) Name() string { return "files for later jobs" }

// Deliver implements Surface.
func (h Handover) Deliver(ctx context.Context, r report.Report, links Links) (Links, error) {
	var variables strings.Builder
	outputs := Outputs{Checkout: h.Checkout, Set: func(name, value string) error {
		name = strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		fmt.Fprintf(&variables, "DBT_TALLY_%s=%s\n", name, strings.Join(strings.Fields(value), " "))
		return nil
	}}
	list := []formats.Link{
		{Label: "the comment of dbt-tally", URL: links.Comment}, {Label: "report.html", URL: h.ReportURL},
	}
	if r.Baseline != nil {
		list = append(list, formats.Link{Label: "the run that dbt-tally compared with", URL: r.Baseline.URL})
	}
	_, err := outputs.Deliver(ctx, r, links)
	return links, errors.Join(err,
		workspace.WriteFile(filepath.Join(h.Dir, "outputs.env"), func(w io.Writer) error {
			_, err := io.WriteString(w, variables.String())
			return err
		}),
		workspace.WriteFile(filepath.Join(h.Dir, "annotations.json"), func(w io.Writer) error {
			return formats.Links(w, list)
		}),
	)
}
