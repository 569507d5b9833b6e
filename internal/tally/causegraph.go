package tally

import (
	"slices"
	"strings"
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
		g.up[i] = make([]int, 0, len(node.Parents))
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
	if node.Orphan {
		return codeState{unknown: node.Unreadable}
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
	many := make([]int, len(g.nodes))
	for i, parents := range g.up {
		open[i] = len(parents)
		for _, parent := range parents {
			many[parent]++
		}
	}
	for i, parents := range g.up {
		for _, parent := range parents {
			if children[parent] == nil {
				children[parent] = make([]int, 0, many[parent])
			}
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

// cause returns why the node differs, and the index of the nearest cause upstream plus 1, or
// 0. The kind is "" if the node does not differ, or was not part of the run.
func (g *causeGraph) cause(i int) (cause Cause, of int) {
	seen, code, above := g.seen[i], g.code[i], g.found[i]
	switch {
	case !seen.live || !seen.differs && !code.edited:
		return Cause{}, 0
	case code.edited:
		return Cause{Kind: CauseEdited}, 0
	case above.edited:
		return Cause{Kind: CauseDownstream, Of: g.id(above.edit)}, above.edit.node
	case code.unknown != "":
		cause = Cause{Kind: CauseUnknown, Reason: code.unknown}
	case above.unknown != "":
		cause = Cause{Kind: CauseUnknown, Reason: "upstream: " + above.unknown}
	default:
		cause = Cause{Kind: CauseData}
	}
	cause.Of = g.id(above.data)
	return cause, above.data.node
}

// roots follows the causes of each node up to a node that is its own cause, and returns the
// index of that node. The root of a cycle is its first node by name.
func (g *causeGraph) roots(causes []Cause, of []int) []int {
	roots, step := make([]int, len(of)), make([]int, len(of)) // both plus 1
	for start := range of {
		var way []int
		at, root := start, 0
		for root == 0 {
			step[at] = len(way) + 1
			way = append(way, at)
			up := of[at] - 1
			switch {
			case up < 0 || causes[up].Kind == "":
				root = at + 1
			case roots[up] > 0:
				root = roots[up]
			case step[up] > 0:
				root = 1 + slices.MinFunc(way[step[up]-1:], func(a, b int) int {
					return strings.Compare(g.nodes[a].ID, g.nodes[b].ID)
				})
			default:
				at = up
			}
		}
		for _, i := range way {
			roots[i], step[i] = root, 0
		}
	}
	for i := range roots {
		roots[i]--
	}
	return roots
}

// untouched reports whether nothing that the node is built from was edited.
func (g *causeGraph) untouched(i int) bool {
	code, above := g.code[i], g.found[i]
	return g.in.Built[g.nodes[i].ID] && !code.edited && !above.edited && code.unknown == "" && above.unknown == ""
}
