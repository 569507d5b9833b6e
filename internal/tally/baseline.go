package tally

import (
	"maps"
	"slices"
	"strings"
)

// maxHistory is the largest number of counts in a model's history.
const maxHistory = 30

// past contains the counts of the earlier runs, by node.
type past struct {
	runs     []Run                    // those that counted anything, newest first
	points   map[string]map[int]found // by the key of the node's line, then by the index in runs
	compared int                      // how many of the newest runs are compared with
	newest   int                      // index of the newest run that a model was compared with; len(runs): none yet
	asked    bool                     // a model of this run was looked up

	// complete lists the resource types that at least one run counted completely. A retry
	// does not count as one, because it builds only what had failed before.
	complete map[string]bool
}

// found is a point and how it was matched with its node.
type found struct {
	point     point
	match     match
	ambiguous bool // another relation of the same run matches as well
}

// match is how well a point fits a node.
type match int

const (
	byName     match = iota // the schema differs, because a pull request builds in another one
	byRelation              // the relation is the same
	byID                    // the run named the node
)

// newPast sorts the points by node. It ignores points of runs that the history does not
// list, and runs that counted nothing, because every model would be new against them.
func newPast(h History, ix nodeIndex) *past {
	counted, points := map[string]bool{}, h.points()
	for _, point := range points {
		counted[point.RunID] = true
	}
	runs := slices.DeleteFunc(slices.Clone(h.Runs), func(run Run) bool { return !counted[run.ID] })
	index := make(map[string]int, len(runs))
	for i, run := range runs {
		index[run.ID] = i
	}
	p := &past{runs: runs, points: map[string]map[int]found{}, newest: len(runs), complete: map[string]bool{}}
	for i, run := range h.Runs {
		if counted[run.ID] && (h.Compared == 0 || i < h.Compared) {
			p.compared++
		}
	}
	for _, point := range points {
		run, listed := index[point.RunID]
		if !listed {
			continue
		}
		id, match := ix.findPoint(point)
		if run < p.compared && !retried(runs[run]) {
			p.complete[resourceType(id)] = true
		}
		if p.points[id] == nil {
			p.points[id] = map[int]found{}
		}
		held, taken := p.points[id][run]
		switch {
		case !taken || match > held.match:
			p.points[id][run] = found{point: point, match: match}
		case match == byName && held.match == byName && point.Relation != held.point.Relation:
			held.ambiguous = true
			p.points[id][run] = held
		}
	}
	return p
}

// findPoint returns the ID of the node of a point. The earlier run may have built in another
// schema; then the relation's name identifies the node if only one node has it. For a point
// that belongs to no node, findPoint returns the relation.
func (ix nodeIndex) findPoint(p point) (id string, how match) {
	if p.NodeID != "" {
		return p.NodeID, byID
	}
	relation := normalRelation(p.Relation)
	if id := ix.byName[relation]; id != "" {
		return id, byRelation
	}
	if id := ix.byName[relation[strings.LastIndexByte(relation, 0)+1:]]; id != "" {
		return id, byName
	}
	return p.Relation, byRelation
}

// compare fills in the earlier counts of the model with that key.
func (p *past) compare(m *Model, id string) {
	if !m.counted() {
		return
	}
	p.asked = true
	points := p.points[id]
	places := slices.DeleteFunc(slices.Sorted(maps.Keys(points)), func(run int) bool { return points[run].ambiguous })
	m.Points = p.trend(points, places)
	places = slices.DeleteFunc(places, func(run int) bool { return run >= p.compared })
	if len(places) == 0 {
		m.BaselineNew = m.Before == nil && p.complete[m.Node.ResourceType]
		return
	}
	p.newest = min(p.newest, places[0])
	newest := points[places[0]].point
	m.Baseline, m.BaselineSeconds = &newest.Count, newest.Seconds
	sameTable := normalRelation(newest.Relation) == normalRelation(m.Node.Relation)
	m.BaselineIsBefore = sameTable && m.Before != nil && *m.Before == newest.Count
	if sameTable && m.Status == New && m.Node.Materialized == "materialized_view" {
		m.Status, m.Reason = rebuilt(newest.Count, *m.After)
	}
	m.History = []int64{*m.After}
	for _, run := range places[:min(len(places), maxHistory-1)] {
		m.History = append(m.History, points[run].point.Count)
	}
	slices.Reverse(m.History)
	m.HistorySince = &p.runs[places[len(m.History)-2]].CompletedAt
	m.Unusual, m.Expected = unusual(m.History), expected(m.History)
}

// rebuilt returns the status and the reason of a materialized view that was dropped together with a table
// that it reads, before its hooks could count it, and built again.
func rebuilt(earlier, after int64) (Status, string) {
	const reason = "dropped with a table that it reads, and built again"
	switch {
	case after == 0 && earlier == 0:
		return Empty, reason
	case after == 0:
		return Emptied, reason
	case after > earlier:
		return Grew, reason
	case after < earlier:
		return Shrank, reason
	default:
		return Unchanged, reason
	}
}

// retried reports whether a run built only the nodes that had failed in an earlier one.
func retried(r Run) bool { return slices.Contains(strings.Fields(r.Command), "retry") }

// baseline returns the newest run that a model was compared with or, if all models are new,
// the newest run. It returns nil if nothing was compared.
func (p *past) baseline() *Run {
	if !p.asked || len(p.runs) == 0 {
		return nil
	}
	if p.newest == len(p.runs) {
		return &p.runs[0]
	}
	return &p.runs[p.newest]
}
