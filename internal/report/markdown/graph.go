package markdown

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// maxNodes is the largest number of nodes in a readable graph.
const maxNodes = 40

// pictures returns the charts of a summary.
func pictures(r report.Report, c columns, trends bool) []string {
	var list []string
	for _, text := range []string{graph(r, c), slowest(r.Models, c)} {
		if text != "" {
			list = append(list, text)
		}
	}
	if trends {
		if text := chart(r, c); text != "" {
			list = append(list, text)
		}
	}
	return list
}

// graph draws the edited nodes and the nodes that differ because of them, at most maxNodes;
// "" if nothing differs because of an edit. See https://mermaid.js.org/syntax/flowchart.html.
func graph(r report.Report, c columns) string {
	names := report.NodeNames(r.Models)
	index := map[string]int{}
	var nodes, edges []string
	left := map[string]bool{}
	add := func(id, class string) {
		if _, known := index[id]; known {
			return
		}
		if len(index) == maxNodes {
			left[id] = true
			return
		}
		index[id] = len(index)
		nodes = append(nodes, fmt.Sprintf("  n%d[\"%s\"]%s\n", index[id], label(names(id)), class))
	}
	for _, root := range r.Causes {
		if root.Kind != tally.CauseEdited || len(root.Models) == 0 {
			continue
		}
		add(root.NodeID, ":::edited")
		for _, id := range root.Models {
			add(id, "")
		}
	}
	for _, m := range r.Models {
		if m.Cause == nil || m.Cause.Of == "" {
			continue
		}
		from, known := index[m.Cause.Of]
		to, drawn := index[m.NodeID]
		if known && drawn {
			edges = append(edges, fmt.Sprintf("  n%d --> n%d\n", from, to))
		}
	}
	if len(edges) == 0 {
		return ""
	}
	text := "What was edited (framed), and what differs because of it:\n\n```mermaid\ngraph LR\n" +
		strings.Join(nodes, "") + strings.Join(edges, "") +
		"  classDef edited stroke:#2f81f7,stroke-width:3px\n```\n"
	if len(left) > 0 {
		text += "\n… " + tally.Number(len(left)) + " left out to keep this readable.\n"
	}
	return text
}

// unsafe matches characters that a chart's label cannot have, because its syntax has few
// escapes.
var unsafe = regexp.MustCompile(`[^A-Za-z0-9_.-]`)

// label returns a node's name in a chart.
func label(name string) string { return unsafe.ReplaceAllString(report.Cut(name, 60), "_") }
