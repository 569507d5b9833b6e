package markdown

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// wide is a pull request that edits 20 models, with two models that differ below each.
func wide() report.Report {
	t := tally.Tally{BaselineRun: situation.Main(), Causes: tally.Causes{ByNode: map[string]tally.Cause{}}}
	add := func(name string, cause func(id string) tally.Cause) string {
		m := situation.Was(situation.Model(name, tally.New, situation.Unknown, 90, 1), 100, 1)
		t.Models = append(t.Models, m)
		t.Causes.ByNode[m.Node.ID] = cause(m.Node.ID)
		return m.Node.ID
	}
	for i := range 20 {
		root := add(fmt.Sprintf("edited_%02d", i), func(id string) tally.Cause {
			return tally.Cause{Kind: tally.CauseEdited, Root: id}
		})
		for j := range 2 {
			add(fmt.Sprintf("below_%02d_%d", i, j), func(string) tally.Cause {
				return tally.Cause{Kind: tally.CauseDownstream, Of: root, Root: root}
			})
		}
	}
	return situation.Report(situation.Run(), t)
}

func TestAGraphHasAtMost40Nodes(t *testing.T) {
	t.Parallel()

	text := graph(wide(), columns{})
	if got := strings.Count(text, "[\""); got != 40 {
		t.Errorf("%d nodes; want 40", got)
	}
	if !strings.Contains(text, "\n… 20 left out to keep this readable.\n") {
		t.Errorf("the graph does not say that 20 nodes were left out:\n%s", text)
	}
	drawn := regexp.MustCompile(`(?m)^  (n\d+)\[`).FindAllStringSubmatch(text, -1)
	known := map[string]bool{}
	for _, match := range drawn {
		known[match[1]] = true
	}
	for _, edge := range regexp.MustCompile(`(n\d+) --> (n\d+)`).FindAllStringSubmatch(text, -1) {
		if !known[edge[1]] || !known[edge[2]] {
			t.Errorf("%s: one end is not drawn", edge[0])
		}
	}
}

func TestACommentHasAtMost15OpenRows(t *testing.T) {
	t.Parallel()

	comment, err := Comment(wide(), Links{})
	if err != nil {
		t.Fatal(err)
	}
	open, folded, _ := strings.Cut(comment, "<details>")
	row := regexp.MustCompile("(?m)^\\| [^|]* \\| `(?:edited|below)_")
	if got := len(row.FindAllString(open, -1)); got != 15 {
		t.Errorf("%d open rows; want 15:\n%s", got, open)
	}
	if len(row.FindAllString(folded, -1)) == 0 {
		t.Error("the other rows are not in a fold")
	}
}
