package tally

import (
	"slices"
)

// causeGraph is the part of the manifest through which causes propagate.
type causeGraph struct {
	in    CauseInput
	nodes []CodeNode
	index map[string]int
	code  []codeState
	seen  []sight
	up    [][]int // parents whose code takes effect in this run
	found []upstream
}

// codeState compares a node's code with the baseline's.
type codeState struct {
	edited  bool
	unknown string // why it cannot be compared, otherwise ""
}

// sight is the state of a node in this run: whether its code took effect, and what is known
// about its rows.
type sight struct{ live, differs, counted bool }

// upstream is what a node inherits from its parents.
type upstream struct {
	edit    nearest // the nearest node that differs and carries an edit
	data    nearest // the nearest node that differs, through nodes without a count
	edited  bool    // code upstream differs
	unknown string  // why code upstream cannot be compared, otherwise ""
}

// nearest is a node and its distance; the zero value means that there is no node.
type nearest struct {
	node     int // its index plus 1
	distance int
}

// projectFile has the values of variables, among other things.
const projectFile = "dbt_project.yml"

// projectFiles lists the files that can affect every node of a project.
var projectFiles = []string{projectFile, "packages.yml", "package-lock.yml", "dependencies.yml"}

func newCauseGraph(in CauseInput) *causeGraph {
	g := &causeGraph{in: in, nodes: slices.Clone(in.Nodes), index: make(map[string]int, len(in.Nodes))}
	for i, node := range g.nodes {
		g.index[node.ID] = i
	}
	changed := make(map[string]bool, len(in.ChangedFiles))
	for _, file := range in.ChangedFiles {
		changed[file] = true
	}
	g.code, g.up = make([]codeState, len(g.nodes)), make([][]int, len(g.nodes))
	g.found, g.seen = make([]upstream, len(g.nodes)), make([]sight, len(g.nodes))
	for i, node := range g.nodes {
		// Code takes effect if this run built it or if it is part of what is built.
		g.seen[i] = sight{node.Inlined || in.Built[node.ID], in.Differs[node.ID], in.Counted[node.ID]}
	}
	for i, node := range g.nodes {
		g.code[i] = compareCode(node, in, changed)
		for _, id := range node.Parents {
			if parent, ok := g.index[id]; ok && parent != i && g.seen[parent].live {
				g.up[i] = append(g.up[i], parent)
			}
		}
	}
	return g
}

// compareCode compares the fingerprints or, if either is missing, uses the changed files.
func compareCode(node CodeNode, in CauseInput, changed map[string]bool) codeState {
	before, stored := in.Baseline[node.ID]
	switch {
	case node.Fingerprint != "" && before != "":
		state := codeState{edited: node.Fingerprint != before}
		if !state.edited && node.ReadsVars && changed[projectFile] {
			state.unknown = projectFile + " changed, and its code reads variables"
		}
		return state
	case in.Baseline != nil && !stored:
		return codeState{edited: true}
	}
	why := withoutFingerprint(node, in)
	if in.ChangedFiles == nil {
		return codeState{unknown: why + ", and the changed files are not known"}
	}
	for _, file := range node.Files {
		if changed[file] {
			return codeState{edited: true}
		}
	}
	for _, file := range projectFiles {
		if changed[file] {
			return codeState{unknown: why + ", and " + file + " changed, which can affect every model"}
		}
	}
	return codeState{}
}

func withoutFingerprint(node CodeNode, in CauseInput) string {
	switch {
	case in.Baseline == nil:
		return "the baseline has no fingerprints"
	case node.Fingerprint == "" && node.Unreadable != "":
		return node.Unreadable
	default:
		return "its code has no fingerprint on both sides"
	}
}

// settle computes what each node inherits, parents first. If there is a cycle, which no
// manifest should have, it repeats this until nothing changes.
func (g *causeGraph) settle() {
	order, cyclic := g.order()
	for again := true; again; {
		again = false
		for _, i := range order {
			if found := g.inherit(i); found != g.found[i] {
				g.found[i] = found
				again = cyclic
			}
		}
	}
}

// order lists the nodes parents first; those in a cycle, or below one, come last.
func (g *causeGraph) order() (order []int, cyclic bool) {
	open, children := make([]int, len(g.nodes)), make([][]int, len(g.nodes))
	for i, parents := range g.up {
		open[i] = len(parents)
		for _, parent := range parents {
			children[parent] = append(children[parent], i)
		}
	}
	order = make([]int, 0, len(g.nodes))
	for i := range g.nodes {
		if open[i] == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, child := range children[order[at]] {
			if open[child]--; open[child] == 0 {
				order = append(order, child)
			}
		}
	}
	if cyclic = len(order) < len(g.nodes); cyclic {
		for i := range g.nodes {
			if open[i] > 0 {
				order = append(order, i)
			}
		}
	}
	return order, cyclic
}

func (g *causeGraph) inherit(i int) upstream {
	var u upstream
	for _, parent := range g.up[i] {
		above := g.found[parent]
		code, differs := g.code[parent], g.seen[parent].differs
		carries := code.edited || above.edited
		u.edited = u.edited || carries
		for _, why := range []string{code.unknown, above.unknown} {
			if u.unknown == "" || why != "" && why < u.unknown {
				u.unknown = why
			}
		}
		switch {
		case code.edited || carries && differs:
			u.edit = g.nearer(u.edit, nearest{parent + 1, 1})
		case carries:
			u.edit = g.nearer(u.edit, above.edit.further())
		}
		switch {
		case differs:
			u.data = g.nearer(u.data, nearest{parent + 1, 1})
		case !g.seen[parent].counted:
			u.data = g.nearer(u.data, above.data.further())
		}
	}
	return u
}

// further returns the same node at a distance of one more.
func (n nearest) further() nearest {
	if n.node == 0 {
		return n
	}
	return nearest{n.node, n.distance + 1}
}

// nearer returns the nearer of two nodes or, at the same distance, the one whose ID is first.
func (g *causeGraph) nearer(a, b nearest) nearest {
	switch {
	case b.node == 0:
		return a
	case a.node == 0, b.distance < a.distance,
		b.distance == a.distance && g.id(b) < g.id(a):
		return b
	default:
		return a
	}
}

// id returns the ID of the node, or "" if there is none.
func (g *causeGraph) id(n nearest) string {
	if n.node == 0 {
		return ""
	}
	return g.nodes[n.node-1].ID
}

// cause returns why the node differs. ok is false if it does not differ, or was not part of
// the run.
func (g *causeGraph) cause(i int) (cause Cause, ok bool) {
	seen, code, above := g.seen[i], g.code[i], g.found[i]
	switch {
	case !seen.live || !seen.differs && !code.edited:
		return Cause{}, false
	case code.edited:
		return Cause{Kind: CauseEdited}, true
	case above.edited:
		return Cause{Kind: CauseDownstream, Of: g.id(above.edit)}, true
	case code.unknown != "":
		return Cause{Kind: CauseUnknown, Of: g.id(above.data), Reason: code.unknown}, true
	case above.unknown != "":
		return Cause{Kind: CauseUnknown, Of: g.id(above.data), Reason: "upstream: " + above.unknown}, true
	default:
		return Cause{Kind: CauseData, Of: g.id(above.data)}, true
	}
}

// untouched reports whether nothing that the node is built from was edited.
func (g *causeGraph) untouched(i int) bool {
	code, above := g.code[i], g.found[i]
	return g.in.Built[g.nodes[i].ID] && !code.edited && !above.edited && code.unknown == "" && above.unknown == ""
}
