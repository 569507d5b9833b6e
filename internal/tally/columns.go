package tally

import "strings"

// Column is a column of a relation, as the warehouse's catalog prints it: precision
// and length are part of the type.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Retyped is a column whose type differs from the baseline's.
type Retyped struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

// ColumnChange is the difference between the columns of a relation and the baseline's. It
// ignores their order.
type ColumnChange struct {
	Added   []Column  // in the order of the relation
	Removed []Column  // in the order of the baseline
	Retyped []Retyped // in the order of the relation
}

// Any reports whether anything differs.
func (c ColumnChange) Any() bool { return len(c.Added)+len(c.Removed)+len(c.Retyped) > 0 }

// breach returns the changes that a gate on columns refuses, in words, or "".
func (c ColumnChange) breach(gate ColumnGate) string {
	var words []string
	for _, column := range c.Removed {
		words = append(words, Minus+column.Name)
	}
	if gate == NoChange {
		for _, column := range c.Added {
			words = append(words, "+"+column.Name)
		}
		for _, column := range c.Retyped {
			words = append(words, column.Name+": "+column.From+" → "+column.To)
		}
	}
	return strings.Join(words, ", ")
}

// CompareColumns compares the columns of a relation with the baseline's. Names are
// compared as the catalog prints them. A nil list means that the columns are unknown;
// then there is no difference.
func CompareColumns(baseline, here []Column) ColumnChange {
	var change ColumnChange
	if baseline == nil || here == nil {
		return change
	}
	before := make(map[string]string, len(baseline))
	for _, c := range baseline {
		before[c.Name] = c.Type
	}
	now := make(map[string]bool, len(here))
	for _, c := range here {
		now[c.Name] = true
		switch old, there := before[c.Name]; {
		case !there:
			change.Added = append(change.Added, c)
		case old != c.Type:
			change.Retyped = append(change.Retyped, Retyped{Name: c.Name, From: old, To: c.Type})
		}
	}
	for _, c := range baseline {
		if !now[c.Name] {
			change.Removed = append(change.Removed, c)
		}
	}
	return change
}
