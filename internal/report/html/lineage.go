package html

import (
	"math"
	"path"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
)

// mostNodes limits the nodes of a lineage. A larger one shows folders instead of models.
const mostNodes = 300

// lineage is the graph of what differs from the baseline.
type lineage struct {
	Folded        bool
	Width, Height int
	Edges         string // the path of all edges
	Nodes         []lineageNode
}

type lineageNode struct {
	Name, Full string
	URL        string // of its row, "" if it has none
	X, Y, R    int
	Class      string // "cause" for a root cause
}

// graph is the data from which a lineage is drawn.
type graph struct {
	nodes []graphNode
	edges [][2]int // from parent to child
}

type graphNode struct {
	name  string
	row   int // -1: none
	rows  int64
	cause bool
}

// lineageOf returns the graph of the models with a cause and of the root causes.
func lineageOf(r report.Report, index map[string]int) *lineage {
	g := graphOf(r, index, func(m report.Model) string { return m.NodeID })
	folded := len(g.nodes) > mostNodes
	if folded {
		g = graphOf(r, nil, func(m report.Model) string { return "folder " + path.Dir(m.Path) })
		if len(g.nodes) > mostNodes {
			return nil
		}
	}
	if len(g.nodes) == 0 {
		return nil
	}
	l := draw(g)
	l.Folded = folded
	return &l
}

// graphOf makes one node of all models with the same key.
func graphOf(r report.Report, index map[string]int, key func(report.Model) string) graph {
	names := report.NodeNames(r.Models)
	at, of := map[string]int{}, map[string]int{} // by key, by node ID
	var g graph
	add := func(key, id, title string) *graphNode {
		if _, known := at[key]; !known {
			at[key] = len(g.nodes)
			row := -1
			if i, listed := index[id]; listed {
				row = i
			}
			g.nodes = append(g.nodes, graphNode{name: title, row: row})
		}
		of[id] = at[key]
		return &g.nodes[at[key]]
	}
	for _, m := range r.Models {
		if m.Cause == nil {
			continue
		}
		title := names(m.NodeID)
		if index == nil {
			title = path.Dir(m.Path) + "/"
		}
		n := add(key(m), m.NodeID, name(title))
		if m.After != nil {
			n.rows += *m.After
		}
	}
	for _, root := range r.Causes {
		if _, listed := of[root.NodeID]; !listed {
			add(root.NodeID, root.NodeID, name(names(root.NodeID)))
		}
		g.nodes[of[root.NodeID]].cause = true
	}
	edges := map[[2]int]bool{}
	for _, m := range r.Models {
		to, listed := of[m.NodeID]
		if !listed {
			continue
		}
		parents := m.Parents
		if m.Cause != nil && m.Cause.Of != "" {
			parents = append(slices.Clone(parents), m.Cause.Of)
		}
		for _, parent := range parents {
			from, listed := of[parent]
			if edge := [2]int{from, to}; listed && from != to && !edges[edge] {
				edges[edge] = true
				g.edges = append(g.edges, edge)
			}
		}
	}
	return g
}

// The distances in the drawing.
const (
	layerWidth = 230
	rowHeight  = 30
	margin     = 24
	labelRunes = 26
)

// draw places the nodes in layers from left to right: each is right of its parents.
func draw(g graph) lineage {
	layers := layersOf(g)
	most := 0
	for _, layer := range layers {
		most = max(most, len(layer))
	}
	l := lineage{Width: len(layers)*layerWidth + margin, Height: most*rowHeight + margin}
	xs, ys := make([]int, len(g.nodes)), make([]int, len(g.nodes))
	for i, layer := range layers {
		top := (l.Height - len(layer)*rowHeight) / 2
		for j, n := range layer {
			xs[n], ys[n] = margin+i*layerWidth, top+j*rowHeight+rowHeight/2
		}
	}
	for i, n := range g.nodes {
		made := lineageNode{
			Name: report.Cut(n.name, labelRunes), Full: n.name, X: xs[i], Y: ys[i],
			R: 4 + int(math.Log10(float64(n.rows)+1)),
		}
		if n.row >= 0 {
			made.URL = anchor(n.row)
		}
		if n.cause {
			made.Class = "cause"
		}
		l.Nodes = append(l.Nodes, made)
	}
	var d strings.Builder
	for _, e := range g.edges {
		curve(&d, xs[e[0]], ys[e[0]], xs[e[1]], ys[e[1]])
	}
	l.Edges = d.String()
	return l
}

// layersOf returns the nodes of each layer. A few passes put nodes beside their
// neighbours, so that fewer edges cross.
func layersOf(g graph) [][]int {
	parents, children := make([][]int, len(g.nodes)), make([][]int, len(g.nodes))
	for _, e := range g.edges {
		parents[e[1]] = append(parents[e[1]], e[0])
		children[e[0]] = append(children[e[0]], e[1])
	}
	depth := make([]int, len(g.nodes)) // 0: not known yet, -1: being computed
	var depthOf func(n int) int
	depthOf = func(n int) int {
		if depth[n] != 0 {
			return max(depth[n], 0) // a cycle, which folders can form, is cut
		}
		depth[n] = -1
		deepest := 0
		for _, p := range parents[n] {
			deepest = max(deepest, depthOf(p))
		}
		depth[n] = deepest + 1
		return depth[n]
	}
	var layers [][]int
	for n := range g.nodes {
		for len(layers) < depthOf(n) {
			layers = append(layers, nil)
		}
		layers[depth[n]-1] = append(layers[depth[n]-1], n)
	}
	place := make([]float64, len(g.nodes))
	for pass := range 6 {
		neighbours := parents
		if pass%2 == 1 {
			neighbours = children
		}
		for _, layer := range layers {
			for i, n := range layer {
				place[n] = float64(i)
			}
		}
		for _, layer := range layers {
			settle(layer, neighbours, place)
		}
	}
	return layers
}

// settle orders a layer by the mean place of each node's neighbours.
func settle(layer []int, neighbours [][]int, place []float64) {
	wish := make(map[int]float64, len(layer))
	for _, n := range layer {
		wish[n] = place[n]
		if len(neighbours[n]) > 0 {
			sum := 0.0
			for _, other := range neighbours[n] {
				sum += place[other]
			}
			wish[n] = sum / float64(len(neighbours[n]))
		}
	}
	slices.SortStableFunc(layer, func(a, b int) int {
		switch {
		case wish[a] < wish[b]:
			return -1
		case wish[a] > wish[b]:
			return 1
		default:
			return 0
		}
	})
	for i, n := range layer {
		place[n] = float64(i)
	}
}
