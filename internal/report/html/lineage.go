package html

import (
	"path"
	"slices"

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
	edges [][2]int       // from parent to child
	of    map[string]int // the nodes of models, by ID
}

type graphNode struct {
	name  string
	short string // of a folder, otherwise ""
	many  int    // models
	row   int    // -1: none
	rows  int64
	cause bool
}

// lineageOf returns the graph of the models with a cause and of the root causes.
func lineageOf(r report.Report, index map[string]int) *lineage {
	g, layers := graphOf(r, index, func(m report.Model) string { return m.NodeID }), []int(nil)
	folded := len(g.nodes) > mostNodes
	if folded {
		models := g
		g = graphOf(r, nil, func(m report.Model) string { return "folder " + path.Dir(m.Path) })
		if len(g.nodes) > mostNodes {
			return nil
		}
		layers = meanLayers(models, g)
		g.shorten()
	} else {
		layers = g.depths()
	}
	if len(g.nodes) == 0 {
		return nil
	}
	l := draw(g, layers)
	l.Folded = folded
	return &l
}

// graphOf makes one node of all models with the same key.
func graphOf(r report.Report, index map[string]int, key func(report.Model) string) graph {
	names := report.NodeNames(r.Models)
	at, of := map[string]int{}, map[string]int{} // by key, by node ID
	g := graph{of: of}
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
		n.many++
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
