package tally

import (
	"cmp"
	"math"
	"slices"
)

// CauseKind is the origin of a difference from the baseline.
type CauseKind string

// The kinds.
const (
	CauseEdited     CauseKind = "edited"     // the node's own code differs from the baseline's
	CauseDownstream CauseKind = "downstream" // the code of a node upstream differs
	CauseData       CauseKind = "data"       // no code differs: the sources changed, or the baseline is older
	CauseUnknown    CauseKind = "unknown"    // the code cannot be compared
)

// Cause is why a node differs from the baseline.
type Cause struct {
	Kind CauseKind
	// Of is the nearest node upstream that itself differs in rows, columns or code;
	// "" if the node is its own cause.
	Of string
	// Root is where the chain of causes begins, the node itself if Of is "".
	Root string
	// Reason is why the cause is unknown, otherwise "".
	Reason string
}

// CodeNode is the code of one node of the manifest, with or without rows: a
// model, seed, snapshot or function, or a source.
type CodeNode struct {
	ID          string
	Parents     []string // unique_ids; an ID without a node is ignored
	Fingerprint string   // equal if the code is equal; "" if it is unknown
	Unreadable  string   // why it is unknown, otherwise ""
	Files       []string // that contain the code, relative to the project
	Inlined     bool     // ephemeral, or a source or function: part of what is built from it
	Orphan      bool     // what it reads is unknown, and therefore its fingerprint
	ReadsVars   bool     // its code reads variables, whose values in dbt_project.yml have no fingerprint
}

// CauseInput is the data from which causes are derived.
type CauseInput struct {
	Nodes   []CodeNode
	Built   map[string]bool // nodes that this run built
	Counted map[string]bool // nodes whose rows here and in the baseline are known
	Differs map[string]bool // nodes with other rows or columns than in the baseline

	Baseline     map[string]string // the baseline's fingerprints by node; nil: none were stored
	ChangedFiles []string          // of the pull request, relative to the project; nil: unknown
}

// Causes is the result of FindCauses.
type Causes struct {
	// ByNode has every node of the run that differs from the baseline in rows,
	// columns or code.
	ByNode map[string]Cause
	// Removed lists the nodes of the baseline that no longer exist, ordered by ID.
	Removed []string

	untouched map[string]bool
}

// FindCauses finds out why each node differs. Code has an effect only if
// this run built it, or inlined it: an edited model that was not built is not the
// cause of anything. A model without a fingerprint in a baseline that has others is
// new, and therefore edited.
func FindCauses(in CauseInput) Causes {
	g := newCauseGraph(in)
	g.settle()
	causes := Causes{ByNode: map[string]Cause{}, untouched: map[string]bool{}}
	of := make([]int, len(g.nodes)) // the nearest cause of each node, its index plus 1
	found := make([]Cause, len(g.nodes))
	for i := range g.nodes {
		if g.untouched(i) {
			causes.untouched[g.nodes[i].ID] = true
		}
		found[i], of[i] = g.cause(i)
	}
	for i, root := range g.roots(found, of) {
		if found[i].Kind != "" {
			found[i].Root = g.nodes[root].ID
			causes.ByNode[g.nodes[i].ID] = found[i]
		}
	}
	for id := range in.Baseline {
		if _, there := g.index[id]; !there {
			causes.Removed = append(causes.Removed, id)
		}
	}
	slices.Sort(causes.Removed)
	return causes
}

// Untouched reports whether the run built the node and neither its code nor that of
// any node upstream differs from the baseline's.
func (c Causes) Untouched(id string) bool { return c.untouched[id] }

// CauseGroup is a root cause with the nodes that differ because of it.
type CauseGroup struct {
	Root    string
	Kind    CauseKind // of the root
	Members []string  // without the root, ordered by ID
}

// Groups groups the nodes by root cause: edits first, then data, then unknown causes. Within
// each kind the largest group is first.
func (c Causes) Groups() []CauseGroup {
	at := map[string]int{}
	var groups []CauseGroup
	for id, cause := range c.ByNode {
		i, known := at[cause.Root]
		if !known {
			i, at[cause.Root] = len(groups), len(groups)
			groups = append(groups, CauseGroup{Root: cause.Root, Kind: c.ByNode[cause.Root].Kind})
		}
		if id != cause.Root {
			groups[i].Members = append(groups[i].Members, id)
		}
	}
	order := []CauseKind{CauseEdited, CauseDownstream, CauseData, CauseUnknown}
	slices.SortFunc(groups, func(a, b CauseGroup) int {
		return cmp.Or(
			cmp.Compare(slices.Index(order, a.Kind), slices.Index(order, b.Kind)),
			cmp.Compare(len(b.Members), len(a.Members)),
			cmp.Compare(a.Root, b.Root),
		)
	})
	for _, g := range groups {
		slices.Sort(g.Members)
	}
	return groups
}

// Drift is how much the models that were not edited moved. They are the control group of
// a comparison with a baseline that was built earlier.
type Drift struct {
	Models int     // untouched models whose rows here and in the baseline are known
	Moved  int     // of these, the ones with another number of rows
	Median float64 // of the relative changes of those that moved, without their signs: 0.004 is 0.4%
}

// FindDrift measures the drift among the models that were not touched. A model that
// was empty counts as moved, but has no relative change.
func FindDrift(models []Model, causes Causes) Drift {
	var drift Drift
	var moves []float64
	for _, m := range models {
		change := m.BaselineChange()
		if change == nil || !m.counted() || !causes.Untouched(m.Node.ID) {
			continue
		}
		drift.Models++
		if *change == 0 {
			continue
		}
		drift.Moved++
		if *m.Baseline != 0 {
			moves = append(moves, math.Abs(float64(*change)/float64(*m.Baseline)))
		}
	}
	if len(moves) > 0 {
		drift.Median = median(moves)
	}
	return drift
}
