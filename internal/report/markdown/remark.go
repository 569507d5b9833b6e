package markdown

import (
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// Remark is the text about one file, in Markdown.
type Remark struct {
	File string // relative to the repository
	Text string
}

// Remarks returns one remark per file about the models that breached a gate or failed, in
// the order of the models. A breach is reported on the file that caused it. A model whose
// file is not in the repository has no remark. Two runs with the same findings have the
// same texts.
func Remarks(r report.Report) []Remark {
	messages := make(map[string]string, len(r.Failures))
	for _, f := range r.Failures {
		messages[f.NodeID] = f.Message
	}
	c := newColumns(r, Links{})
	var remarks []Remark
	add := func(file, text string) {
		at := slices.IndexFunc(remarks, func(other Remark) bool { return other.File == file })
		switch {
		case text == "" || file == "":
		case at < 0:
			remarks = append(remarks, Remark{file, text})
		default:
			remarks[at].Text += "\n\n" + text
		}
	}
	for _, m := range r.Models {
		add(report.CauseFile(r, m), breachRemark(r, m, c))
		add(m.File, failureRemark(m, c.name(m), messages[m.NodeID]))
	}
	return remarks
}

// breachRemark returns "" if no gate was breached.
func breachRemark(r report.Report, m report.Model, c columns) string {
	var parts []string
	for _, g := range m.Gates {
		text := report.AlarmOf(g).Sign + " " + report.BreachWords(r, g, code(c.name(m)), style)
		if cause := report.CauseWords(r, m, c.node); cause != "" {
			text += " · " + cause
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "\n\n")
}

// failureRemark returns "" if the model did not fail.
func failureRemark(m report.Model, name, message string) string {
	if m.Status != tally.Failed {
		return ""
	}
	text := report.LookOf(m.Status).Sign + " **failed**: " + code(name) + " · " + prose(m.Reason)
	if strings.TrimSpace(message) != "" {
		text += "\n\n" + block(message)
	}
	return text
}
