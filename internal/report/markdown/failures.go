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
}

// failuresOf makes a paragraph of each failure: first the failed models in their
// order, with what became of their rows, then tests and all else.
func failuresOf(r report.Report) []string {
	byID := make(map[string]report.Failure, len(r.Failures))
	for _, f := range r.Failures {
		byID[f.NodeID] = f
	}
	name := report.Names(r.Models)
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
			list = append(list, paragraph(f.Kind, nodeName(f.NodeID), f.Path, "", f.Message))
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
	text := "❌ **" + word + "** " + code(name)
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

// nodeName reads the name in a unique_id such as test.shop.unique_orders_id.3f0a:
// what follows the kind and the package.
func nodeName(id string) string {
	parts := strings.SplitN(id, ".", 4)
	if len(parts) < 3 {
		return id
	}
	return parts[2]
}
