package html

import (
	"cmp"
	"maps"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

// The distances in the drawing.
const (
	layerWidth = 230
	rowHeight  = 30
	margin     = 24
	labelRunes = 26
)

// draw places the nodes in layers from left to right: each is right of its parents.
func draw(g graph, depths []int) lineage {
	layers := g.arrange(depths)
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
			Name: report.Cut(cmp.Or(n.short, n.name), labelRunes), Full: n.name, X: xs[i], Y: ys[i],
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

// neighbours returns the parents and the children of each node.
func (g graph) neighbours() (parents, children [][]int) {
	parents, children = make([][]int, len(g.nodes)), make([][]int, len(g.nodes))
	for _, e := range g.edges {
		parents[e[1]] = append(parents[e[1]], e[0])
		children[e[0]] = append(children[e[0]], e[1])
	}
	return parents, children
}

// depths returns the layer of each node, from 1: that after the last of its parents.
func (g graph) depths() []int {
	parents, _ := g.neighbours()
	depth := make([]int, len(g.nodes)) // 0: not known yet, -1: being computed
	var depthOf func(n int) int
	depthOf = func(n int) int {
		if depth[n] != 0 {
			return max(depth[n], 0) // a cycle is cut
		}
		depth[n] = -1
		deepest := 0
		for _, p := range parents[n] {
			deepest = max(deepest, depthOf(p))
		}
		depth[n] = deepest + 1
		return depth[n]
	}
	for n := range g.nodes {
		depthOf(n)
	}
	return depth
}

// meanLayers returns the layer of each folder: the mean of its models', because folders that
// read each other have no order of their own.
func meanLayers(models, folders graph) []int {
	depths := models.depths()
	sum, many := make([]int, len(folders.nodes)), make([]int, len(folders.nodes))
	for id, folder := range folders.of {
		sum[folder] += depths[models.of[id]]
		many[folder]++
	}
	used := map[int]bool{}
	for i := range sum {
		sum[i] = (sum[i] + many[i]/2) / max(many[i], 1)
		used[sum[i]] = true
	}
	order := slices.Sorted(maps.Keys(used))
	for i := range sum {
		sum[i] = 1 + slices.Index(order, sum[i])
	}
	return sum
}

// shorten gives folders short names: without the folders above all of them, from the end, and
// with the number of their models.
func (g graph) shorten() {
	common, first := "", true
	for _, n := range g.nodes {
		switch {
		case n.many == 0: // not a folder
		case first:
			common, first = path.Dir(strings.TrimSuffix(n.name, "/"))+"/", false
		default:
			for !strings.HasPrefix(n.name, common) {
				common = common[:1+strings.LastIndex(strings.TrimSuffix(common, "/"), "/")]
			}
		}
	}
	for i, n := range g.nodes {
		if n.many == 0 {
			continue
		}
		number := " · " + tally.Number(n.many)
		short := []rune(cmp.Or(strings.TrimPrefix(n.name, common), n.name))
		if over := len(short) + len([]rune(number)) - labelRunes; over > 0 {
			short = append([]rune("…"), short[min(over+1, len(short)):]...)
		}
		g.nodes[i].short = string(short) + number
	}
}

// arrange returns the nodes of each layer. A few passes put nodes beside their neighbours,
// so that fewer edges cross.
func (g graph) arrange(depths []int) [][]int {
	parents, children := g.neighbours()
	var layers [][]int
	for n, depth := range depths {
		for len(layers) < depth {
			layers = append(layers, nil)
		}
		layers[depth-1] = append(layers[depth-1], n)
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
