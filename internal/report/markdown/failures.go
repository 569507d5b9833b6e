package markdown

import (
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// kinds are the words for the kinds of nodes that can fail.
var kinds = map[string]string{
	"model":     "model",
	"seed":      "seed",
	"snapshot":  "snapshot",
	"test":      "test",
	"unit_test": "unit test",
	"operation": "hook",
	"dbt":       "dbt",
}

// failuresOf returns one paragraph per failure: first the failed models in their order,
// with the state of their rows, then tests and everything else.
func failuresOf(r report.Report) []string {
	byID := make(map[string]report.Failure, len(r.Failures))
	for _, f := range r.Failures {
		byID[f.NodeID] = f
	}
	name, node := report.Names(r.Models), report.NodeNames(r.Models)
	shown := map[string]bool{}
	var list []string
	for _, m := range r.Models {
		if m.Status != tally.Failed {
			continue
		}
		shown[m.NodeID] = true
		list = append(list, paragraph(m.ResourceType, name(m), m.Path, m.Reason, byID[m.NodeID].Message))
	}
	for _, f := range r.Failures {
		if !shown[f.NodeID] {
			list = append(list, paragraph(f.Kind, node(f.NodeID), f.Path, "", f.Message))
		}
	}
	for i := range list {
		if i > 0 {
			list[i] = "\n" + list[i]
		}
	}
	return list
}

func paragraph(kind, name, path, reason, message string) string {
	word, known := kinds[kind]
	if !known {
		word = "node"
	}
	text := "❌ **" + word + "**"
	if name != "" {
		text += " " + code(name)
	}
	if path != "" {
		text += " · " + code(path)
	}
	if reason != "" {
		text += " · " + prose(reason)
	}
	if strings.TrimSpace(message) != "" {
		text += "\n" + block(message)
	}
	return text
}
