package tally

import (
	"cmp"
	"math"
)

// Code contains what is known about the code of a project.
type Code struct {
	Nodes        []CodeNode
	Baseline     map[string]string // the baseline's fingerprints by node ID; nil: none were stored
	ChangedFiles []string          // of the pull request, relative to the project; nil: unknown

	Columns, BaselineColumns map[string][]Column // by node ID; the columns of other nodes are unknown
}

// Explain determines why the models differ from the baseline, and how far the untouched ones
// moved. Without a baseline it only sets the parents.
func (t *Tally) Explain(code Code) {
	parents := make(map[string][]string, len(code.Nodes))
	for _, node := range code.Nodes {
		parents[node.ID] = node.Parents
	}
	in := CauseInput{
		Nodes: code.Nodes, Baseline: code.Baseline, ChangedFiles: code.ChangedFiles,
		Built: map[string]bool{}, Counted: map[string]bool{}, Differs: map[string]bool{},
	}
	for i := range t.Models {
		m := &t.Models[i]
		id, change := m.Node.ID, m.BaselineChange()
		m.Parents = parents[id]
		in.Built[id] = m.built()
		if in.Built[id] {
			m.Columns = CompareColumns(code.BaselineColumns[id], code.Columns[id])
		}
		in.Counted[id] = change != nil || m.BaselineNew
		in.Differs[id] = m.BaselineNew || change != nil && *change != 0 || m.Columns.Any()
	}
	if t.BaselineRun == nil || len(code.Nodes) == 0 {
		return
	}
	t.Causes = FindCauses(in)
	drift := FindDrift(t.Models, t.Causes)
	t.Drift = &drift
	fanOuts := FindFanOuts(t.Models, parents)
	for i := range t.Models {
		m := &t.Models[i]
		if f, known := fanOuts[m.Node.ID]; known {
			m.checkFanOut(f)
		}
		m.checkColumns(code)
		if m.Node.Limits.Scope == ScopeEdited && t.Causes.blameless(m.Node.ID) {
			for at := range m.Breaches {
				m.Breaches[at].Severity = SeverityWarn
			}
		}
	}
}

// blameless reports whether no edit changed the node since the baseline. A node for which
// that is unknown is not blameless.
func (c Causes) blameless(id string) bool {
	return c.Untouched(id) || c.ByNode[id].Kind == CauseData
}

// checkFanOut marks a model whose rows per row of its largest parent moved, and checks
// the gate on their growth.
func (m *Model) checkFanOut(f FanOut) {
	if f.Moved {
		m.FanOut = &f
	}
	limits := m.Node.Limits
	if growth := 100 * (f.Factor() - 1); limits.MaxFanOut != nil && growth > limits.MaxFanOut.Amount {
		value := "from 0"
		if !math.IsInf(growth, 0) {
			value = "+" + decimal(growth, limits.MaxFanOut.Amount) + "%"
		}
		m.Breaches = append(m.Breaches, Breach{
			NodeID: m.Node.ID, Gate: "max-fanout", Axis: AxisBaseline, Limit: limits.MaxFanOut.String(),
			Value: value, Severity: cmp.Or(limits.Severity, SeverityError),
		})
	}
}

// built reports whether this run built the model.
func (m Model) built() bool { return m.Status != Skipped && m.Status != Failed && m.Status != Reused }

// checkColumns checks the gate on columns. If a model was built and its columns could not
// be read, the gate does not protect it.
func (m *Model) checkColumns(code Code) {
	limits, id := m.Node.Limits, m.Node.ID
	switch {
	case !limits.columns() || !m.built():
		return
	case code.Columns[id] == nil:
		m.Unchecked = "its columns could not be read"
		m.Unprotected = m.Unprotected || cmp.Or(limits.Severity, SeverityError) == SeverityError
	case code.BaselineColumns[id] == nil && m.Unchecked == "":
		m.Unchecked = "the baseline has no columns to compare with"
	}
	if words := m.Columns.breach(limits.Columns); words != "" {
		m.Breaches = append(m.Breaches, Breach{
			NodeID: id, Gate: "columns", Axis: AxisBaseline, Limit: string(limits.Columns), Value: words,
			Severity: cmp.Or(limits.Severity, SeverityError),
		})
	}
}
