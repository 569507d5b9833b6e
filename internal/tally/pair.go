package tally

// pair is the before row and the after row that count for one node. There can be
// more of them: the tutorial's hooks beside the injected ones, several batches of a
// microbatch model, a model built by two invocations. Rows with a node ID win over
// rows without, then the first before row and the last after row count.
type pair struct {
	before, after *Row
	wrote         []*Row // all after rows with a node ID
}

// add takes the rows of a node in the order in which they were written.
func (p *pair) add(r Row) {
	side := &p.before
	if r.Phase == After {
		side = &p.after
		if r.NodeID != "" {
			p.wrote = append(p.wrote, &r)
		}
	}
	switch held := *side; {
	case held == nil,
		held.NodeID == "" && r.NodeID != "",
		r.Phase == After && (held.NodeID == "") == (r.NodeID == ""):
		*side = &r
	}
}

// seconds is the time from the before row to the after row, nil if it is not known:
// hooks that ask the transaction for the time give both rows the same.
func (p pair) seconds() *float64 {
	if p.before == nil || p.after == nil || !p.after.Time.After(p.before.Time) {
		return nil
	}
	seconds := p.after.Time.Sub(p.before.Time).Seconds()
	return &seconds
}
