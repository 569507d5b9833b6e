package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// causeOf returns why a node differs, or nil if it does not.
func causeOf(causes tally.Causes, id string) *Cause {
	cause, known := causes.ByNode[id]
	if !known {
		return nil
	}
	return &Cause{Kind: cause.Kind, Of: cause.Of, Root: cause.Root, Reason: cause.Reason}
}

// rootCauses returns the groups of causes. files maps node IDs to files relative to the
// repository.
func rootCauses(causes tally.Causes, files map[string]string) []RootCause {
	roots := []RootCause{}
	for _, g := range causes.Groups() {
		roots = append(roots, RootCause{
			NodeID: g.Root, Kind: cmp.Or(g.Kind, tally.CauseUnknown), File: files[g.Root], Models: orEmpty(g.Members),
		})
	}
	return roots
}

func driftOf(drift *tally.Drift) *Drift {
	if drift == nil {
		return nil
	}
	return &Drift{Models: drift.Models, Moved: drift.Moved, Median: drift.Median}
}

// causes restores the causes from which a report was made.
func (r Report) causes() tally.Causes {
	causes := tally.Causes{ByNode: map[string]tally.Cause{}}
	for _, m := range r.Models {
		if m.Cause != nil {
			causes.ByNode[m.NodeID] = tally.Cause(*m.Cause)
		}
	}
	lines := map[string]bool{}
	for _, m := range r.Models {
		lines[m.NodeID] = true
	}
	for _, root := range r.Causes {
		if _, listed := causes.ByNode[root.NodeID]; !listed && !lines[root.NodeID] {
			// An ephemeral model, for example, has no line.
			causes.ByNode[root.NodeID] = tally.Cause{Kind: root.Kind, Root: root.NodeID}
		}
	}
	return causes
}

// CauseWords returns why a model differs, or "" if it does not, or if all causes are unknown.
// name returns the display name of a node.
func CauseWords(r Report, m Model, name func(id string) string) string {
	if m.Cause == nil {
		return ""
	}
	since := "here"
	if r.sameBranch() {
		since = "since the last run"
	}
	switch m.Cause.Kind {
	case tally.CauseEdited:
		word := "edited "
		if m.BaselineNew {
			word = "new "
		}
		return word + since + kindWords(m)
	case tally.CauseDownstream:
		return "downstream of " + name(m.Cause.Of)
	case tally.CauseData:
		if m.Cause.Of != "" {
			return "data: follows " + name(m.Cause.Of)
		}
		return "data: nothing upstream was edited"
	}
	if slices.ContainsFunc(r.Causes, func(c RootCause) bool { return c.Kind != tally.CauseUnknown }) {
		return "cause unknown"
	}
	return ""
}

// kindWords returns the kind of a node in brackets, unless it is a table.
func kindWords(m Model) string {
	switch {
	case m.ResourceType == "seed", m.ResourceType == "snapshot":
		return " (" + m.ResourceType + ")"
	case m.Materialized == "view":
		return " (view)"
	default:
		return ""
	}
}

// CauseFile returns the file that explains a model: that of its root cause, or its own.
func CauseFile(r Report, m Model) string {
	if m.Cause == nil || m.Cause.Kind != tally.CauseDownstream {
		return m.File
	}
	for _, root := range r.Causes {
		if root.NodeID == m.Cause.Root && root.File != "" {
			return root.File
		}
	}
	return m.File
}

// UnknownCauses states why causes are unknown, one line per reason.
func UnknownCauses(models []Model) []string {
	var reasons []string
	count := map[string]int{}
	for _, m := range models {
		if m.Cause == nil || m.Cause.Kind != tally.CauseUnknown {
			continue
		}
		if count[m.Cause.Reason] == 0 {
			reasons = append(reasons, m.Cause.Reason)
		}
		count[m.Cause.Reason]++
	}
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("why %s changed is unknown: %s", Plural(count[reason], "model"), reason)
	}
	return reasons
}

// withoutRows reports whether a node is a source or a function.
func withoutRows(id string) bool {
	kind, _, _ := strings.Cut(id, ".")
	return kind == "source" || kind == "function"
}

// CauseNotes states what differs besides the models: those that are gone, and how far the
// untouched ones moved.
func CauseNotes(r Report, s Style) []string {
	return slices.DeleteFunc([]string{removedWords(r, s), driftWords(r, s)}, func(s string) bool { return s == "" })
}

// maxRemoved is how many removed models are named.
const maxRemoved = 5

// removedWords names the models of the baseline that the project no longer has, or returns
// "".
func removedWords(r Report, s Style) string {
	if len(r.Removed) == 0 || r.Baseline == nil {
		return ""
	}
	var names []string
	for _, id := range r.Removed[:min(len(r.Removed), maxRemoved)] {
		names = append(names, s.Name(NodeName(id)))
	}
	list := strings.Join(names, ", ")
	if more := len(r.Removed) - len(names); more > 0 {
		list += fmt.Sprintf(" and %s more", tally.Number(more))
	}
	return fmt.Sprintf("%s of %s no longer in the project: %s.",
		Plural(len(r.Removed), "node"), BaselineName(r, s)+areOrIs(len(r.Removed)), list)
}

func areOrIs(n int) string {
	if n == 1 {
		return " is"
	}
	return " are"
}

// driftWords states how far the untouched models moved, or "" if there are no others to
// compare them with.
func driftWords(r Report, s Style) string {
	edited := func(c RootCause) bool { return c.Kind == tally.CauseEdited }
	if r.Drift == nil || r.Baseline == nil || r.Drift.Moved == 0 || !slices.ContainsFunc(r.Causes, edited) {
		return ""
	}
	words := fmt.Sprintf("%d of %s that no edit touched moved too", r.Drift.Moved, Plural(r.Drift.Models, "model"))
	if r.Drift.Median > 0 {
		words += ", by " + share(r.Drift.Median) + " at the median"
	}
	return words + ", since " + BaselineName(r, s) + " was built " + Ago(r.GeneratedAt.Sub(r.Baseline.CompletedAt)) + "."
}

// NodeName returns the name in a unique_id such as test.shop.unique_orders_id.3f0a: the
// part after the kind and the package.
func NodeName(id string) string {
	parts := strings.SplitN(id, ".", 4)
	if len(parts) < 3 {
		return id
	}
	return parts[2]
}

// NodeNames returns the display names of nodes by ID: those of Names for nodes with a
// line, otherwise the name in the ID.
func NodeNames(models []Model) func(id string) string {
	name := Names(models)
	lines := make(map[string]Model, len(models))
	for _, m := range models {
		lines[m.NodeID] = m
	}
	return func(id string) string {
		if m, ok := lines[id]; ok {
			return name(m)
		}
		if kind, rest, _ := strings.Cut(id, "."); kind == "source" {
			_, source, _ := strings.Cut(rest, ".")
			return source // source_name.table
		}
		return NodeName(id)
	}
}

func fanOutOf(f *tally.FanOut) *FanOut {
	if f == nil {
		return nil
	}
	return &FanOut{Parent: f.Parent, Ratio: f.Ratio, Baseline: f.Baseline}
}

// FanOutWords returns how the rows of a model per row of its largest parent moved, or ""
// if they did not. name returns the display name of a node.
func FanOutWords(m Model, name func(id string) string) string {
	if m.FanOut == nil {
		return ""
	}
	f := m.FanOut
	return fmt.Sprintf("%s rows per row of %s, was %s", ratio(f.Ratio), name(f.Parent), ratio(f.Baseline))
}

// ratio returns a number of rows per row with about three significant digits.
func ratio(f float64) string {
	digits := 2
	switch {
	case f >= 100:
		digits = 0
	case f >= 10:
		digits = 1
	case f < 0.1:
		digits = 4
	}
	return strconv.FormatFloat(f, 'f', digits, 64)
}
