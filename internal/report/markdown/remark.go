package markdown

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Remark is what a report says at one file, in Markdown.
type Remark struct {
	File string // relative to the repository
	Text string
}

// Remarks are about the models that breached a gate or failed, one remark per file,
// in the order of the models. A model whose file is not in the repository has none.
// Two runs with the same findings have the same texts.
func Remarks(r report.Report) []Remark {
	messages := make(map[string]string, len(r.Failures))
	for _, f := range r.Failures {
		messages[f.NodeID] = f.Message
	}
	name := report.Names(r.Models)
	var remarks []Remark
	for _, m := range r.Models {
		text := remark(m, name(m), messages[m.NodeID])
		if text == "" || m.File == "" {
			continue
		}
		at := slices.IndexFunc(remarks, func(other Remark) bool { return other.File == m.File })
		if at < 0 {
			remarks = append(remarks, Remark{m.File, text})
			continue
		}
		remarks[at].Text += "\n\n" + text
	}
	return remarks
}

// remark is "" where there is nothing to say of a model.
func remark(m report.Model, name, message string) string {
	var parts []string
	for _, g := range m.Gates {
		parts = append(parts, fmt.Sprintf("%s **gate breached** by %s: %s is %s, found %s (%s)",
			report.AlarmOf(g).Sign, code(name), code(g.Gate), code(g.Limit), code(g.Value),
			report.AxisWords(g, "against the baseline")))
	}
	if m.Status == tally.Failed {
		parts = append(parts, report.LookOf(m.Status).Sign+" **failed**: "+code(name)+" · "+prose(m.Reason))
		if strings.TrimSpace(message) != "" {
			parts = append(parts, block(message))
		}
	}
	return strings.Join(parts, "\n\n")
}
