package markdown

import (
	"os"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestDocsShowCommentsAsTheyAre(t *testing.T) {
	t.Parallel()
	docs := read(t, "../../../docs/report.md")
	for _, name := range []string{"testdata/comment.causes.golden.md", "testdata/comment.breached.golden.md"} {
		if comment := read(t, name); !strings.Contains(docs, "````markdown\n"+comment+"````\n") {
			t.Errorf("docs/report.md does not show the comment of %s", name)
		}
	}
}

func TestDocsExplainEveryStatus(t *testing.T) {
	t.Parallel()
	docs := read(t, "../../../docs/report.md")
	for _, status := range tally.Statuses() {
		if want := "| " + report.LookOf(status).Sign + " | `" + string(status) + "` |"; !strings.Contains(docs, want) {
			t.Errorf("docs/report.md lacks the line %q", want)
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
