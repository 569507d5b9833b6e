// Package html renders a report as one self-contained page for the browser: it requests
// nothing, its Content-Security-Policy allows only its own script and style, and its
// table and lineage need no script. It owns the page's layout and its data for the script;
// it does not deliver the page.
package html

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// budget is the size in bytes up to which a page has the whole history of its models. In
// a larger page older counts are left out.
const budget = 490_000

//go:embed templates
var files embed.FS

var pages = template.Must(template.New("").Option("missingkey=error").ParseFS(files, "templates/page.html.tmpl"))

// Links are the pages to which the page links. They are trusted. "" means no link.
type Links struct {
	Run   string // the page of the CI run
	Files string // the repository's files at the commit; a file's path is appended to it
}

// Write writes the page of a report. It treats all text of the report as untrusted.
func Write(w io.Writer, r report.Report, links Links) error { return write(w, reportPage(r, links)) }

// WriteHistory writes the page of a history alone.
func WriteHistory(w io.Writer, h report.History) error { return write(w, historyPage(h)) }

// write renders the page with as much of the history as fits into the budget.
func write(w io.Writer, p page) error {
	p.Style, p.Script = template.CSS(text("page.css")), template.JS(text("page.js"))
	p.Policy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
		hash(string(p.Style)), hash(string(p.Script)))
	for _, runs := range []int{maxPoints, 60, 45, 30, 20, 14, 7} {
		p.Data = p.data(runs)
		var b bytes.Buffer
		if err := pages.ExecuteTemplate(&b, "page.html.tmpl", p); err != nil {
			return fmt.Errorf("render the page: %w", err)
		}
		if b.Len() <= budget || runs == 7 {
			_, err := b.WriteTo(w)
			return err
		}
	}
	return nil
}

func text(name string) string {
	content, err := files.ReadFile("templates/" + name)
	if err != nil {
		panic(err) // it is embedded
	}
	return string(content)
}

// hash returns the form in which a Content-Security-Policy names an inline script or style.
func hash(content string) string {
	sum := sha256.Sum256([]byte(content))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
