package tally

// pair contains the before row and the after row of one node. A node may have more rows: of
// the tutorial's hooks and the injected ones, of several batches of a microbatch model, or
// of two invocations. Rows with a node ID take precedence; among these, pair uses the first
// before row and the last after row.
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

// countBefore returns the rows before the run, or nil if they are unknown.
func (p pair) countBefore() *int64 {
	if p.before == nil {
		return nil
	}
	return p.before.Count
}

// seconds returns the time from the before row to the after row, or nil if it is unknown:
// both rows have the same time if the hooks use the time of the transaction.
func (p pair) seconds() *float64 {
	if p.before == nil || p.after == nil || !p.after.Time.After(p.before.Time) {
		return nil
	}
	seconds := p.after.Time.Sub(p.before.Time).Seconds()
	return &seconds
}
