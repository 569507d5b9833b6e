package tally

// Code is what is known of the code of a project.
type Code struct {
	Nodes        []CodeNode
	Baseline     map[string]string // the baseline's fingerprints by node ID; nil: none were stored
	ChangedFiles []string          // of the pull request, relative to the project; nil: not known
}

// Explain finds why the models differ from the baseline, and how far those moved that
// no edit touched. Without a baseline it only fills in the parents.
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
		in.Counted[id] = change != nil || m.BaselineNew
		in.Differs[id] = m.BaselineNew || change != nil && *change != 0
	}
	if t.BaselineRun == nil || len(code.Nodes) == 0 {
		return
	}
	t.Causes = FindCauses(in)
	drift := FindDrift(t.Models, t.Causes)
	t.Drift = &drift
}

// built reports whether this run built the model.
func (m Model) built() bool { return m.Status != Skipped && m.Status != Failed && m.Status != Reused }
