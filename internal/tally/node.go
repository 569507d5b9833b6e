package tally

import "strings"

// Node is one model, seed or snapshot of dbt's manifest.
type Node struct {
	ID           string // unique_id
	Name         string
	ResourceType string // model, seed or snapshot
	Package      string
	Path         string // of its file, relative to the project, with forward slashes
	Relation     string // relation_name, quoted as the adapter quotes; "" for ephemeral models
	Materialized string
	HardDeletes  string // of a snapshot: ignore, invalidate or new_record
	OptedOut     bool   // config.meta.tally.audit is false
	Limits       Limits // the run's, overridden by config.meta.tally: see ParseMeta
	Capture      Capture
}

// Result is dbt's result of one node in one invocation.
type Result struct {
	Invocation string
	NodeID     string
	Status     string  // dbt's own status, such as success or error; "" if dbt was interrupted while the node ran
	Message    string  // dbt's message, may be empty
	Seconds    float64 // execution_time
}

// nodeIndex finds the node that an audit row is about.
type nodeIndex struct {
	byID   map[string]Node
	byName map[string]string // normalised relation name, whole or its end, to node ID; "" if two nodes share it
}

func newNodeIndex(nodes []Node) nodeIndex {
	ix := nodeIndex{byID: make(map[string]Node, len(nodes)), byName: make(map[string]string, 3*len(nodes))}
	for _, n := range nodes {
		ix.byID[n.ID] = n
		for _, name := range relationEnds(n.Relation) {
			if other, taken := ix.byName[name]; taken && other != n.ID {
				ix.byName[name] = ""
				continue
			}
			ix.byName[name] = n.ID
		}
	}
	return ix
}

// find returns the ID of the node that the row is about, or "" if the row's relation name
// belongs to no node or to several. Tutorials write {{ this }},
// {{ this.schema }}.{{ this.name }} or {{ this.name }}: all three are found.
func (ix nodeIndex) find(r Row) string {
	if r.NodeID != "" {
		return r.NodeID
	}
	return ix.byName[normalRelation(r.Relation)]
}

// relationEnds returns a, b.c and a.b.c for the relation name a.b.c, normalised.
func relationEnds(relation string) []string {
	if relation == "" {
		return nil
	}
	parts := strings.Split(normalRelation(relation), "\x00")
	ends := make([]string, 0, len(parts))
	for i := range parts {
		ends = append(ends, strings.Join(parts[i:], "\x00"))
	}
	return ends
}

// normalRelation normalises a relation name, so that names of the same relation are
// equal regardless of quotes and, because Snowflake folds unquoted names to upper case
// and PostgreSQL to lower case, regardless of case. NUL separates the parts, so that a
// dot inside quotes stays part of a name.
func normalRelation(relation string) string {
	var b strings.Builder
	quote := rune(0)
	for _, c := range relation {
		switch {
		case quote == 0 && (c == '"' || c == '`'):
			quote = c
		case quote == 0 && c == '[':
			quote = ']'
		case c == quote:
			quote = 0
		case quote == 0 && c == '.':
			b.WriteByte(0)
		default:
			b.WriteRune(c)
		}
	}
	return strings.ToLower(strings.TrimSpace(b.String()))
}
