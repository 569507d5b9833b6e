// Package main renders the comment on a pull request for a report.json, as a page
// that opens in a browser: comment REPORT.JSON >comment.html. The demo has no pull request.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/report/markdown"
)

const head = `<!doctype html>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The comment on the pull request</title>
<style>
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; font: 14px/1.5 sans-serif; color-scheme: light dark }
  table { border-collapse: collapse } th, td { border: 1px solid #8888; padding: 6px 13px }
  code { background: #8882; border-radius: 4px; padding: 2px 5px }
</style>
`

func main() {
	if err := write(os.Stdout, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "comment:", err)
		os.Exit(1)
	}
}

func write(w io.Writer, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := report.Read(file)
	if err != nil {
		return err
	}
	text, err := markdown.Comment(r, markdown.Links{})
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, head); err != nil {
		return err
	}
	page := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	return page.Convert([]byte(text), w)
}
