package markdown

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
)

// checkPage fails unless text respects the limit, is UTF-8, closes every element that it
// opens and contains only complete tables.
func checkPage(t *testing.T, text string, limit int) {
	t.Helper()
	if len(text) > limit {
		t.Errorf("%d bytes, limit is %d", len(text), limit)
	}
	if !utf8.ValidString(text) {
		t.Error("not UTF-8")
	}
	page := htmlOf(t, text)
	opened, closed := strings.Count(page, "<details>"), strings.Count(page, "</details>")
	if opened != closed || opened == 0 {
		t.Errorf("%d <details> opened, %d closed", opened, closed)
	}
	width := 0
	inBlock := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if fence := fenceOf.FindStringSubmatch(line); fence != nil && (inBlock == "" || inBlock == line) {
			inBlock = strings.TrimPrefix(fence[1], inBlock)
		}
		if inBlock != "" || !strings.HasPrefix(line, "|") {
			width = 0
			continue
		}
		cells := len(pipe.FindAllString(line, -1))
		if width != 0 && cells != width || !strings.HasSuffix(line, " |") && !strings.HasSuffix(line, "-|") {
			t.Errorf("broken table row: %s", line)
		}
		width = cells
	}
}

var (
	changedRow = regexp.MustCompile(`(?m)^\| (❗|↓|↑|🆕)`)
	fenceOf    = regexp.MustCompile("^(`{3,})(?:mermaid)?$")
	pipe       = regexp.MustCompile(`(?:^| )\|`)
)

func htmlOf(t *testing.T, markdown string) string {
	t.Helper()
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert([]byte(markdown), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
