package tally

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Input is the data from which a tally is derived.
type Input struct {
	Invocations []string // dbt's invocation IDs, in the order in which they ran
	Rows        []Row    // audit rows of these invocations, in any order
	Nodes       []Node   // the manifest's models, seeds and snapshots; may lack some
	Results     []Result // in the order in which dbt finished them
	History     History  // what earlier runs found; the zero value if nothing is compared
	Limits      Limits   // for nodes that the manifest lacks; a Node has its own

	// Unaudited is the reason why no audit rows could be written: the hooks were off, or the
	// audit table could not be used. It is "" if they could be written.
	Unaudited string
	// Uncaptured is the reason why the hooks could not store what a model wrote, or "".
	Uncaptured string
	// TurnedOff means that the user turned auditing off.
	TurnedOff bool
	// RollsBack means that the warehouse rolls back everything that a failed model did,
	// including its audit rows (PostgreSQL, DuckDB).
	RollsBack bool
	// ProjectHooks means that the project's own hooks, for example the tutorial's, write
	// the rows instead of the injected ones.
	ProjectHooks bool
	// Words are the warehouse's phrases to look for in dbt's messages.
	Words Words
	// OwnHooks names the packages that define run_hooks themselves: the injected hooks
	// are not called for their nodes.
	OwnHooks []string
}

// Compare joins the rows with dbt's results. Every model, seed and snapshot that dbt ran
// or skipped, or that left an audit row, gets one line. Ephemeral models get none,
// because dbt builds nothing for them.
func Compare(in Input) Tally {
	ix := newNodeIndex(in.Nodes)
	lines := map[string]*evidence{}
	line := func(id string) *evidence {
		if lines[id] == nil {
			lines[id] = &evidence{}
		}
		return lines[id]
	}
	for _, r := range inOrder(in.Rows, in.Invocations) {
		id := ix.find(r)
		if id == "" {
			id = r.Relation
		}
		line(id).add(r)
	}
	for _, r := range in.Results {
		if _, known := ix.byID[r.NodeID]; known || counts(resourceType(r.NodeID)) {
			line(r.NodeID).addResult(r)
		}
	}

	var t Tally
	earlier := newPast(in.History, ix)
	for _, id := range slices.Sorted(maps.Keys(lines)) {
		node, known := ix.byID[id]
		if !known {
			node = unknownNode(id, lines[id])
			node.Limits = in.Limits
		}
		if node.Materialized == "ephemeral" {
			continue
		}
		m := lines[id].model(node, in)
		earlier.compare(&m, id)
		m.check(node.Limits)
		m.Unprotected = in.unprotected(m, node.Limits)
		t.Models = append(t.Models, m)
	}
	t.BaselineRun, t.Runs = earlier.baseline(), earlier.runs
	return t
}

// unprotected decides Model.Unprotected. A model without an audit row was built and
// should have one, unless it is a view, or the user turned auditing off or leaves it
// to hooks that the project gives to some of its models.
func (in Input) unprotected(m Model, l Limits) bool {
	if m.Status != NoAuditRow || m.Node.Materialized == "view" {
		return false
	}
	if !l.Any() || l.Severity == SeverityWarn || in.TurnedOff {
		return false
	}
	return in.Unaudited != "" || !in.ProjectHooks
}

// evidence is everything that is known about one node.
type evidence struct {
	pair
	last *Result // the last result that is not a plain skip, or the last if all are
	took float64 // seconds, by dbt's own clock
}

func (e *evidence) addResult(r Result) {
	e.took += r.Seconds
	if e.last == nil || r.Status != "skipped" {
		e.last = &r
	}
}

func (e *evidence) model(node Node, in Input) Model {
	m := Model{Node: node, Seconds: e.took}
	if e.before != nil {
		m.Before = e.before.Count
	}
	if e.after != nil {
		m.After = e.after.Count
	}
	if seconds := e.seconds(); m.Seconds == 0 && seconds != nil {
		m.Seconds = *seconds
	}
	m.Status, m.Reason = e.status(node, in)
	if m.Status == Failed && e.last != nil {
		m.Message = e.last.Message
	}
	if m.counted() {
		m.Written = written(e.wrote, in.unknownOf(node, m.Status))
		m.CountSource = e.countSource()
		m.Written.complete(node, m.Before)
	}
	return m
}

// status decides the status of a model, and the reason. dbt's own result comes first:
// only the rows of a node that dbt built matter.
func (e *evidence) status(node Node, in Input) (Status, string) {
	if e.last != nil {
		switch e.last.Status {
		case "success", "pass", "warn":
		case "":
			return Failed, "dbt ended while it ran"
		case "skipped":
			return Skipped, cmp.Or(firstLine(e.last.Message), "dbt skipped it, usually because a node upstream failed")
		case "reused":
			return Reused, "dbt reused the existing relation"
		case "no-op":
			return Reused, "dbt had nothing to do for it"
		case "partial success":
			return Failed, "some of its batches failed"
		default:
			return Failed, e.failure(node, in)
		}
	}
	switch {
	case e.after != nil && e.after.Count != nil:
		return e.counted()
	case node.OptedOut:
		return NotCounted, "opted out by meta.tally.audit"
	case e.after != nil:
		return NotCounted, uncounted(cmp.Or(node.Materialized, e.after.Materialized))
	case in.Unaudited != "":
		return NoAuditRow, in.Unaudited
	case slices.Contains(in.OwnHooks, node.Package):
		return NoAuditRow, "its package " + node.Package + " defines run_hooks itself, so the audit hooks were not called"
	case node.Materialized == "materialized_view":
		return Reused, "the materialized view exists with the same configuration, so dbt ran no hooks"
	case e.before != nil:
		return NoAuditRow, "its after row is missing: the insert failed, or dbt was killed before it"
	case in.ProjectHooks:
		return NoAuditRow, "the project's hooks wrote no row for it"
	default:
		return NoAuditRow, "built, but no audit row was recorded: its materialization runs no hooks, or the insert failed"
	}
}

// FirstBuildHook is the reason of a model that failed because of its own audit hook: the
// tutorial's hook counts the table before it is built, and before the first build it
// does not exist.
const FirstBuildHook = "its hook counts its table, which does not exist before its first build"

func (e *evidence) failure(node Node, in Input) string {
	if in.ProjectHooks {
		if e.before == nil && in.Words.misses(e.last.Message, node.Relation) {
			return FirstBuildHook
		}
		if reason := in.Words.hookFault(e.last.Message); reason != "" {
			return reason
		}
	}
	switch {
	case e.before == nil && in.RollsBack:
		return "dbt could not build it; the warehouse rolled it back to what it was before"
	case e.before == nil && in.Unaudited == "":
		return "dbt could not build it; it failed before its count was recorded, and the state of its table is unknown"
	default:
		return "dbt could not build it; the state of its table is unknown"
	}
}

func (e *evidence) counted() (Status, string) {
	after := *e.after.Count
	if e.before == nil || e.before.Count == nil {
		if e.before != nil && e.before.Materialized != "" {
			return NotCounted, "it was a view before this run, and views are not counted"
		}
		if after == 0 {
			return New, "first build, and it has no rows"
		}
		return New, "first build: it did not exist before"
	}
	switch before := *e.before.Count; {
	case before == 0 && after == 0:
		return Empty, "it had no rows and has none"
	case after == 0:
		return Emptied, "it had rows and has none"
	case after > before:
		return Grew, "more rows than before"
	case after < before:
		return Shrank, "fewer rows than before"
	default:
		return Unchanged, "as many rows as before"
	}
}

func uncounted(materialized string) string {
	if materialized == "view" {
		return "a view: counting it would run its query (set count-views to count it)"
	}
	return "its rows were not counted"
}

// inOrder sorts rows by the order of their invocations, then by time. The order matters
// only within a phase: the tutorial's current_timestamp is the time of the transaction,
// which is the same for the before and after row of a model.
func inOrder(rows []Row, invocations []string) []Row {
	rank := make(map[string]int, len(invocations))
	for i, id := range invocations {
		rank[id] = i
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Row) int {
		return cmp.Or(
			cmp.Compare(rank[a.Invocation], rank[b.Invocation]),
			a.Time.Compare(b.Time),
		)
	})
	return rows
}

// counts reports whether nodes of this resource type have rows.
func counts(resourceType string) bool {
	return resourceType == "model" || resourceType == "seed" || resourceType == "snapshot"
}

// resourceType reads the first part of a unique_id such as model.shop.orders.
func resourceType(nodeID string) string {
	kind, _, _ := strings.Cut(nodeID, ".")
	return kind
}

// unknownNode stands for a node that is missing in the manifest: id is its unique_id, or
// the relation name of an audit row that belongs to no node.
func unknownNode(id string, e *evidence) Node {
	n := Node{ID: id, Name: id}
	if counts(resourceType(id)) {
		n.ResourceType = resourceType(id)
		n.Name = id[strings.LastIndexByte(id, '.')+1:]
	}
	for _, row := range []*Row{e.before, e.after} {
		if row != nil {
			n.Relation, n.Materialized = row.Relation, cmp.Or(row.Materialized, n.Materialized)
			if row.NodeID == "" {
				n.ID = ""
			}
		}
	}
	return n
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(line)
}
