package tally

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func n(count int64) *int64 { return &count }

// row returns an injected hook's row of model.shop.orders.
func row(phase Phase, second int, count *int64) Row {
	return Row{
		Invocation: "one", NodeID: "model.shop.orders", Relation: `"db"."dev"."orders"`, Phase: phase,
		Time: noon.Add(time.Duration(second) * time.Second), Count: count, Materialized: "table",
	}
}

// vendor contains the phrases of two warehouses.
var vendor = Words{
	Missing:    []string{"does not exist", "doesn't exist"},
	HookFaults: []Fault{{Message: "No database selected", Reason: "its hook names a table without its schema"}},
}

func orders() Node {
	return Node{
		ID: "model.shop.orders", Name: "orders", ResourceType: "model", Package: "shop",
		Path: "models/orders.sql", Relation: `"db"."dev"."orders"`, Materialized: "table",
	}
}

func result(status, message string) Result {
	return Result{Invocation: "one", NodeID: "model.shop.orders", Status: status, Message: message, Seconds: 1.5}
}

func TestStatusOfAModel(t *testing.T) {
	t.Parallel()
	success := result("success", "SELECT 3")
	firstBuild := row(Before, 0, nil)
	firstBuild.Materialized = ""
	tests := map[string]struct {
		rows     []Row
		result   *Result
		change   func(*Input)
		want     Status
		reason   string
		before   *int64
		after    *int64
		changed  *int64
		noResult bool
	}{
		"more rows": {
			rows: []Row{row(Before, 0, n(2)), row(After, 1, n(3))}, want: Grew,
			reason: "more rows than before", before: n(2), after: n(3), changed: n(1),
		},
		"fewer rows": {
			rows: []Row{row(Before, 0, n(5)), row(After, 1, n(3))}, want: Shrank,
			reason: "fewer rows than before", before: n(5), after: n(3), changed: n(-2),
		},
		"as many": {
			rows: []Row{row(Before, 0, n(3)), row(After, 1, n(3))}, want: Unchanged,
			reason: "as many rows as before", before: n(3), after: n(3), changed: n(0),
		},
		"emptied": {
			rows: []Row{row(Before, 0, n(3)), row(After, 1, n(0))}, want: Emptied,
			reason: "it had rows and has none", before: n(3), after: n(0), changed: n(-3),
		},
		"was and is empty": {
			rows: []Row{row(Before, 0, n(0)), row(After, 1, n(0))}, want: Empty,
			reason: "it had no rows and has none", before: n(0), after: n(0), changed: n(0),
		},
		"first build": {
			rows: []Row{firstBuild, row(After, 1, n(3))}, want: New,
			reason: "first build: it did not exist before", after: n(3), changed: n(3),
		},
		"no before row": {
			rows: []Row{row(After, 1, n(3))}, want: New,
			reason: "first build: it did not exist before", after: n(3), changed: n(3),
		},
		"first build without rows": {
			rows: []Row{firstBuild, row(After, 1,
				n(0))}, want: New, reason: "first build, and it has no rows", after: n(0), changed: n(0),
		},
		"a view that became a table": {
			rows: []Row{
				row(Before, 0, nil),
				row(After, 1, n(3)),
			}, want: NotCounted, reason: "it was a view before this run, and views are not counted", after: n(3),
		},
		"a view": {
			rows: []Row{row(Before, 0, nil), row(After, 1, nil)}, want: NotCounted,
			change: func(in *Input) { in.Nodes[0].Materialized = "view" },
			reason: "a view: counting it would run its query (set count-views to count it)",
		},
		"not counted for another reason": {
			rows: []Row{row(After, 1, nil)}, want: NotCounted,
			reason: "its rows were not counted",
		},
		"opted out": {
			change: func(in *Input) { in.Nodes[0].OptedOut = true }, want: NotCounted, reason: "opted out by meta.tally.audit",
		},
		"skipped, with a message": {
			result: ptr(result("skipped", "Skipped due to upstream\nmore")),
			want:   Skipped, reason: "Skipped due to upstream",
		},
		"skipped, without a message": {
			result: ptr(result("skipped",
				"")), want: Skipped, reason: "dbt skipped it, usually because a node upstream failed",
		},
		"reused":       {result: ptr(result("reused", "")), want: Reused, reason: "dbt reused the existing relation"},
		"nothing done": {result: ptr(result("no-op", "")), want: Reused, reason: "dbt had nothing to do for it"},
		"a materialized view left alone": {
			change: func(in *Input) { in.Nodes[0].Materialized = "materialized_view" }, want: Reused,
			reason: "the materialized view exists with the same configuration, so dbt ran no hooks",
		},
		"interrupted": {
			result: ptr(result("", "")), rows: []Row{row(Before, 0, n(3))}, want: Failed,
			reason: "dbt ended while it ran", before: n(3),
		},
		"failed and rolled back": {
			result: ptr(result("error", "division by zero")), change: func(in *Input) { in.RollsBack = true }, want: Failed,
			reason: "dbt could not build it; the warehouse rolled it back to what it was before",
		},
		"failed without rollback": {
			result: ptr(result("error", "division by zero")), rows: []Row{row(Before, 0, n(3))}, want: Failed,
			reason: "dbt could not build it; the state of its table is unknown", before: n(3),
		},
		"failed, and its before row is lost": {
			result: ptr(result("error", "division by zero")), want: Failed,
			reason: "dbt could not build it; it failed before its count was recorded, and the state of its table is unknown",
		},
		"failed without an audit": {
			result: ptr(result("error", "division by zero")), want: Failed, change: func(in *Input) { in.Unaudited = "off" },
			reason: "dbt could not build it; the state of its table is unknown",
		},
		"failed by a hook that names no schema": {
			result: ptr(result("error", "Database Error in model orders\n  1046 (3D000): No database selected")),
			change: func(in *Input) {
				in.ProjectHooks, in.Words = true,
					vendor
			}, want: Failed, reason: vendor.HookFaults[0].Reason,
		},
		"failed by the tutorial's hook on MySQL": {
			result: ptr(result("error", "Database Error in model orders\n  1146 (42S02): Table 'dev.orders' doesn't exist")),
			change: func(in *Input) { in.ProjectHooks, in.Words = true, vendor }, want: Failed, reason: FirstBuildHook,
		},
		"failed by the tutorial's hook": {
			result: ptr(result("error", "Database Error in model orders\n  relation \"dev.orders\" does not exist")),
			change: func(in *Input) { in.ProjectHooks, in.Words = true, vendor }, want: Failed, reason: FirstBuildHook,
		},
		"failed because another table is missing": {
			result: ptr(result("error", "Database Error in model orders\n  relation \"dev.raw_orders\" does not exist")),
			change: func(in *Input) { in.ProjectHooks, in.RollsBack, in.Words = true, true, vendor }, want: Failed,
			reason: "dbt could not build it; the warehouse rolled it back to what it was before",
		},
		"not covered by the project's hooks": {
			change: func(in *Input) { in.ProjectHooks = true }, want: NoAuditRow, reason: "the project's hooks wrote no row for it",
		},
		"some batches failed": {
			result: ptr(result("partial success", "")), rows: []Row{row(Before, 0, n(3)), row(After, 1, n(4))}, want: Failed,
			reason: "some of its batches failed", before: n(3), after: n(4), changed: n(1),
		},
		"nothing audited": {
			change: func(in *Input) { in.Unaudited = "the audit hooks are off" }, want: NoAuditRow, reason: "the audit hooks are off",
		},
		"the package has its own hooks": {
			change: func(in *Input) { in.OwnHooks = []string{"shop"} }, want: NoAuditRow,
			reason: "its package shop defines run_hooks itself, so the audit hooks were not called",
		},
		"the after row is lost": {
			rows: []Row{row(Before, 0, n(3))}, want: NoAuditRow,
			reason: "its after row is missing: the insert failed, or dbt was killed before it", before: n(3),
		},
		"no row at all": {
			want: NoAuditRow, reason: "built, but no audit row was recorded: its materialization runs no hooks, or the insert failed",
		},
		"rows, but dbt was killed before it logged a result": {
			noResult: true, rows: []Row{
				row(Before, 0, n(2)),
				row(After, 1, n(3)),
			}, want: Grew, reason: "more rows than before",
			before: n(2), after: n(3), changed: n(1),
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := Input{Invocations: []string{"one"}, Rows: test.rows, Nodes: []Node{orders()}}
			switch {
			case test.result != nil:
				in.Results = []Result{*test.result}
			case !test.noResult:
				in.Results = []Result{success}
			}
			if test.change != nil {
				test.change(&in)
			}
			got := Compare(in).Models
			if len(got) != 1 {
				t.Fatalf("got %d lines, want 1: %+v", len(got), got)
			}
			m := got[0]
			type line struct {
				Status                Status
				Reason                string
				Before, After, Change *int64
			}
			want := line{test.want, test.reason, test.before, test.after, test.changed}
			if diff := cmp.Diff(want, line{m.Status, m.Reason, m.Before, m.After, m.Change()}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func ptr(r Result) *Result { return &r }

func TestDuplicateRowsAreSettled(t *testing.T) {
	t.Parallel()
	tutorial := func(phase Phase, second int, count int64) Row {
		r := row(phase, second, n(count))
		r.NodeID, r.Materialized = "", ""
		return r
	}
	later := func(r Row) Row { r.Invocation = "two"; return r }
	tests := map[string]struct {
		rows          []Row
		before, after int64
	}{
		"rows with a node ID take precedence": {
			[]Row{tutorial(Before, 0, 1), row(Before, 1, n(2)), row(After, 2, n(3)), tutorial(After, 3, 4)}, 2, 3,
		},
		"the batches of a microbatch model": {
			[]Row{row(Before, 0, n(1)), row(After, 1, n(2)), row(Before, 2, n(2)), row(After, 3, n(5))}, 1, 5,
		},
		"rows out of order": {
			[]Row{row(After, 3, n(5)), row(Before, 2, n(2)), row(After, 1, n(2)), row(Before, 0, n(1))}, 1, 5,
		},
		"two invocations, in the order they ran": {
			[]Row{later(row(Before, 0, n(7))), later(row(After, 1, n(9))), row(Before, 5, n(4)), row(After, 6, n(7))}, 4, 9,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Compare(Input{
				Invocations: []string{"one", "two"}, Rows: test.rows,
				Nodes: []Node{orders()}, Results: []Result{result("success", "")},
			})
			m := got.Models[0]
			if m.Before == nil || m.After == nil || *m.Before != test.before || *m.After != test.after {
				t.Errorf("got %v → %v, want %d → %d", m.Before, m.After, test.before, test.after)
			}
		})
	}
}

func TestRowsOfTheProjectsOwnHooksFindTheirNode(t *testing.T) {
	t.Parallel()
	other := Node{ID: "model.shop.dotted", Name: "dotted", ResourceType: "model", Relation: "`db`.`dev`.`a.b`"}
	twin := func(schema string) Node {
		return Node{
			ID: "model.shop.twin_" + schema, Name: "twin", ResourceType: "model",
			Relation: `"db"."` + schema + `"."twin"`,
		}
	}
	tests := map[string]struct{ relation, want string }{
		"as dbt renders this":     {`"db"."dev"."orders"`, "model.shop.orders"},
		"unquoted":                {`db.dev.orders`, "model.shop.orders"},
		"folded up":               {`DB.DEV.ORDERS`, "model.shop.orders"},
		"schema and name":         {`dev.orders`, "model.shop.orders"},
		"the name alone":          {`orders`, "model.shop.orders"},
		"in brackets":             {`[db].[dev].[orders]`, "model.shop.orders"},
		"a dot inside quotes":     {"`dev`.`a.b`", "model.shop.dotted"},
		"a name that two share":   {`twin`, ""},
		"distinguished by schema": {`b.twin`, "model.shop.twin_b"},
		"a table of no node":      {`somewhere_else`, ""},
		"another schema's table":  {`prod.orders`, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Compare(Input{
				Invocations: []string{"one"},
				Rows:        []Row{{Invocation: "one", Relation: test.relation, Phase: After, Count: n(1), Time: noon}},
				Nodes:       []Node{orders(), other, twin("a"), twin("b")},
			})
			if len(got.Models) != 1 || got.Models[0].Node.ID != test.want {
				t.Errorf("got %+v, want node %q", got.Models, test.want)
			}
			if test.want == "" && got.Models[0].Node.Relation != test.relation {
				t.Errorf("a row of no node shows %q, want its relation %q", got.Models[0].Node.Relation, test.relation)
			}
		})
	}
}

func TestWhatGetsALine(t *testing.T) {
	t.Parallel()
	results := []Result{
		{NodeID: "model.shop.orders", Status: "success"},
		{NodeID: "model.shop.inlined", Status: "success"},
		{NodeID: "seed.shop.regions", Status: "success"},
		{NodeID: "test.shop.unique", Status: "pass"},
		{NodeID: "operation.shop.on-run-start-0", Status: "success"},
		{NodeID: "model.shop.not_in_the_manifest", Status: "error", Message: "boom"},
	}
	ephemeral := Node{ID: "model.shop.inlined", Name: "inlined", ResourceType: "model", Materialized: "ephemeral"}
	got := Compare(Input{Nodes: []Node{orders(), ephemeral, {ID: "model.shop.not_selected"}}, Results: results})
	var ids []string
	for _, m := range got.Models {
		ids = append(ids, m.Node.ID)
	}
	want := []string{"model.shop.not_in_the_manifest", "model.shop.orders", "seed.shop.regions"}
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := got.Models[0]; got.Node.Name != "not_in_the_manifest" ||
		got.Node.ResourceType != "model" || got.Message != "boom" {
		t.Errorf("a node the manifest lacks: got %+v", got)
	}
}

func TestTimeOfAModel(t *testing.T) {
	t.Parallel()
	in := Input{
		Invocations: []string{"one"}, Nodes: []Node{orders()},
		Rows:    []Row{row(Before, 0, n(1)), row(After, 4, n(1))},
		Results: []Result{result("success", ""), result("success", "")},
	}
	if got := Compare(in).Models[0].Seconds; got != 3 {
		t.Errorf("two invocations took %v s, want 3", got)
	}
	in.Results = nil
	if got := Compare(in).Models[0].Seconds; got != 4 {
		t.Errorf("from before to after: %v s, want 4", got)
	}
}

func TestALaterSkipDoesNotHideAFailure(t *testing.T) {
	t.Parallel()
	got := Compare(Input{Nodes: []Node{orders()}, Results: []Result{result("error", "boom"), result("skipped", "")}})
	if m := got.Models[0]; m.Status != Failed || m.Message != "boom" {
		t.Errorf("got %s (%q), want failed (boom)", m.Status, m.Message)
	}
}

func TestTotalsAddUp(t *testing.T) {
	t.Parallel()
	got := Tally{Models: []Model{
		{Status: Grew, Before: n(10), After: n(12)},
		{Status: New, After: n(5)},
		{Status: Emptied, Before: n(3), After: n(0)},
		{Status: Unchanged, Before: n(4), After: n(4)},
		{Status: Failed, Before: n(100)},
		{Status: NotCounted, After: n(50)},
	}}.Totals()
	want := Totals{Models: 6, Changed: 3, RowsBefore: 17, RowsAfter: 21}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSplitModelName(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		relation string
		phase    Phase
		ok       bool
	}{
		`"db"."dev"."orders" - BEFORE`: {`"db"."dev"."orders"`, Before, true},
		`orders - after `:              {`orders`, After, true},
		`a - BEFORE - AFTER`:           {`a - BEFORE`, After, true},
		`orders`:                       {},
		` - AFTER`:                     {},
		``:                             {},
	}
	for name, want := range tests {
		relation, phase, ok := SplitModelName(name)
		if relation != want.relation || phase != want.phase || ok != want.ok {
			t.Errorf("SplitModelName(%q) = %q, %q, %v; want %q, %q, %v", name, relation, phase, ok,
				want.relation, want.phase, want.ok)
		}
	}
}

func TestWhichModelsAreUnprotected(t *testing.T) {
	t.Parallel()
	gate := Limits{MaxDrop: percentage(5)}
	for name, test := range map[string]struct {
		change func(in *Input)
		want   bool
	}{
		"auditing did not work":     {func(in *Input) { in.Unaudited = "no table" }, true},
		"its row is missing":        {func(*Input) {}, true},
		"it was counted":            {func(in *Input) { in.Rows = []Row{row(After, 1, n(1))} }, false},
		"no gate":                   {func(in *Input) { in.Nodes[0].Limits = Limits{} }, false},
		"a gate that only warns":    {func(in *Input) { in.Nodes[0].Limits.Severity = SeverityWarn }, false},
		"a view":                    {func(in *Input) { in.Nodes[0].Materialized = "view" }, false},
		"opted out":                 {func(in *Input) { in.Nodes[0].OptedOut = true }, false},
		"auditing was turned off":   {func(in *Input) { in.Unaudited, in.TurnedOff = "off", true }, false},
		"it failed":                 {func(in *Input) { in.Results[0].Status = "error" }, false},
		"the project has the hooks": {func(in *Input) { in.ProjectHooks = true }, false},
		"whose table is unusable": {func(in *Input) {
			in.ProjectHooks, in.Unaudited = true, "no table"
		}, true},
	} {
		in := built(nil, nil, nil, gate)
		in.Rows = nil
		test.change(&in)
		if got := Compare(in).Models[0].Unprotected; got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
