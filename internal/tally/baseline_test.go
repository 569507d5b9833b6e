package tally

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func seconds(s float64) *float64 { return &s }

// rowsOf returns the audit rows from which the points are derived.
func rowsOf(points ...point) (rows []Row) {
	for _, p := range points {
		row := Row{Invocation: p.RunID, NodeID: p.NodeID, Relation: p.Relation, Phase: After, Time: noon, Count: n(p.Count)}
		if p.Seconds != nil {
			before := row
			before.Phase, before.Time = Before, noon.Add(-time.Duration(*p.Seconds*float64(time.Second)))
			rows = append(rows, before)
		}
		rows = append(rows, row)
	}
	return rows
}

func TestBaselineOfAModel(t *testing.T) {
	t.Parallel()
	runs := []Run{{ID: "newest", Commit: "c3"}, {ID: "middle", Commit: "c2"}, {ID: "oldest", Commit: "c1"}}
	of := func(run, node, relation string, count int64) point {
		return point{RunID: run, NodeID: node, Relation: relation, Count: count}
	}
	const id, relation = "model.shop.orders", `"db"."main"."orders"`
	timed := of("middle", id, relation, 8)
	timed.Seconds = seconds(240)
	tests := map[string]struct {
		points    []point
		want      *int64
		seconds   *float64
		change    *int64
		run       string
		history   []int64
		isNew     bool
		otherNode *Node
	}{
		"its newest point": {
			points: []point{of("oldest", id, relation, 7), of("newest", id, relation, 9), of("middle", id, relation, 8)},
			want:   n(9), change: n(1), run: "newest", history: []int64{7, 8, 9, 10},
		},
		"the newest run did not build it": {
			points: []point{timed, of("oldest", id, relation, 7), of("newest", "model.shop.other", "other", 1)},
			want:   n(8), seconds: seconds(240), change: n(2), run: "middle", history: []int64{7, 8, 10},
		},
		"fewer rows": {
			points: []point{of("newest", id, relation, 12)},
			want:   n(12), change: n(-2), run: "newest", history: []int64{12, 10},
		},
		"no run counted it": {
			points: []point{of("newest", "model.shop.other", "other", 1)},
			isNew:  true, run: "newest",
		},
		"a run that is unknown":     {points: []point{of("someone's", id, relation, 9)}},
		"runs that counted nothing": {},
		"by its relation": {
			points: []point{of("newest", "", "DB.dev.Orders", 9)},
			want:   n(9), change: n(1), run: "newest", history: []int64{9, 10},
		},
		"by its name, from another schema": {
			points: []point{of("newest", "", relation, 9)},
			want:   n(9), change: n(1), run: "newest", history: []int64{9, 10},
		},
		"by its name, which two nodes share": {
			points:    []point{of("newest", "", relation, 9)},
			otherNode: &Node{ID: "model.shop.orders_2", Relation: `"db"."marts"."orders"`},
			run:       "newest",
		},
		"by its name, which two relations share": {
			points: []point{of("newest", "", relation, 9), of("newest", "", "x.orders", 1), of("middle", "", relation, 8)},
			want:   n(8), change: n(2), run: "middle", history: []int64{8, 10},
		},
		"a relation takes precedence over a name": {
			points: []point{
				of("newest", "", relation, 1), of("newest", "", "x.orders", 2),
				of("newest", "", "db.dev.orders", 9),
			},
			want: n(9), change: n(1), run: "newest", history: []int64{9, 10},
		},
		"a node ID takes precedence over a relation": {
			points: []point{
				of("newest", id, relation, 9), of("newest", "", `"db"."dev"."orders"`, 1),
				of("newest", "", "x.orders", 2),
			},
			want: n(9), change: n(1), run: "newest", history: []int64{9, 10},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := built(nil, n(10), nil, Limits{})
			in.History = History{Runs: runs, Rows: rowsOf(test.points...)}
			if test.otherNode != nil {
				in.Nodes = append(in.Nodes, *test.otherNode)
			}
			got := Compare(in)
			m := got.Models[0]
			type compared struct {
				Baseline, Change *int64
				Seconds          *float64
				New              bool
				History          []int64
			}
			want := compared{test.want, test.change, test.seconds, test.isNew, test.history}
			if diff := cmp.Diff(want, compared{
				m.Baseline, m.BaselineChange(), m.BaselineSeconds,
				m.BaselineNew, m.History,
			}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			run := ""
			if got.BaselineRun != nil {
				run = got.BaselineRun.ID
			}
			if run != test.run {
				t.Errorf("baseline run: got %q, want %q", run, test.run)
			}
		})
	}
}

func TestWithoutEarlierRunsNothingIsNewAgainstThem(t *testing.T) {
	t.Parallel()
	got := Compare(built(nil, n(10), nil, Limits{}))
	if m := got.Models[0]; m.BaselineNew || m.Baseline != nil || m.BaselineChange() != nil || got.BaselineRun != nil {
		t.Errorf("got %+v against %v", m, got.BaselineRun)
	}
}

func TestARowOfNoNodeIsComparedByItsRelation(t *testing.T) {
	t.Parallel()
	got := Compare(Input{
		Rows:    []Row{{Relation: "elsewhere", Phase: After, Count: n(3)}},
		History: History{Runs: []Run{{ID: "main"}}, Rows: rowsOf(point{RunID: "main", Relation: "elsewhere", Count: 2})},
	})
	if change := got.Models[0].BaselineChange(); change == nil || *change != 1 {
		t.Errorf("got %v, want 1", change)
	}
}

func TestBaselineRunIsTheNewestOfAnyModels(t *testing.T) {
	t.Parallel()
	in := built(nil, n(10), nil, Limits{})
	other := Node{ID: "model.shop.zones", Relation: "db.dev.zones"}
	in.Nodes = append(in.Nodes, other, Node{ID: "model.shop.skipped"})
	in.Rows = append(in.Rows, Row{Invocation: "one", NodeID: other.ID, Phase: After, Count: n(1)})
	in.Results = append(in.Results, Result{NodeID: "model.shop.skipped", Status: "skipped"})
	in.History = History{
		Runs: []Run{{ID: "newest"}, {ID: "middle"}, {ID: "oldest"}},
		Rows: rowsOf(
			point{RunID: "oldest", NodeID: "model.shop.orders"},
			point{RunID: "middle", NodeID: other.ID},
			point{RunID: "newest", NodeID: "model.shop.skipped"},
		),
	}
	if got := Compare(in).BaselineRun; got == nil || got.ID != "middle" {
		t.Errorf("got %+v, want middle", got)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	t.Parallel()
	in := built(nil, n(100), nil, Limits{})
	for i := range 40 {
		id := string(rune('A' + i))
		in.History.Runs = append(in.History.Runs, Run{ID: id})
		in.History.Rows = append(in.History.Rows,
			rowsOf(point{RunID: id, NodeID: "model.shop.orders", Count: int64(99 - i)})...)
	}
	got := Compare(in).Models[0].History
	if len(got) != 30 || got[0] != 71 || got[28] != 99 || got[29] != 100 {
		t.Errorf("got %d counts, %v; want the newest 30, 71 to 100", len(got), got)
	}
}

func TestUnusualChanges(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		counts []int64
		want   bool
	}{
		"steady growth goes on":               {[]int64{1000, 1010, 1021, 1030, 1041, 1050, 1061, 1072}, false},
		"steady growth, then a tenth is gone": {[]int64{1000, 1010, 1021, 1030, 1041, 1050, 1061, 950}, true},
		"the load did not run":                {[]int64{1000, 1100, 1210, 1330, 1464, 1610, 1771, 1771}, true},
		"too few earlier runs":                {[]int64{1000, 1010, 1021, 1030, 1041, 1050, 1}, false},
		"wild, and wild again":                {[]int64{100, 300, 90, 400, 120, 350, 80, 250}, false},
		"wild, then emptied":                  {[]int64{100, 130, 90, 140, 120, 150, 110, 0}, true},
		"never changed, and does not":         {[]int64{500, 500, 500, 500, 500, 500, 500, 500}, false},
		"never changed, wobbles":              {[]int64{500, 500, 500, 500, 500, 500, 500, 504}, false},
		"never changed, doubles":              {[]int64{500, 500, 500, 500, 500, 500, 500, 1000}, true},
		"jumps once a week, as today":         {[]int64{500, 500, 560, 560, 560, 560, 560, 560, 560, 620}, false},
		"always empty":                        {[]int64{0, 0, 0, 0, 0, 0, 0, 0}, false},
		"always empty, then not":              {[]int64{0, 0, 0, 0, 0, 0, 0, 5}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			last := len(test.counts) - 1
			in := built(nil, &test.counts[last], nil, Limits{Unusual: true})
			for i, count := range test.counts[:last] {
				id := string(rune('A' + i))
				in.History.Runs = append([]Run{{ID: id}}, in.History.Runs...)
				in.History.Rows = append(in.History.Rows, rowsOf(point{RunID: id, NodeID: "model.shop.orders", Count: count})...)
			}
			m := Compare(in).Models[0]
			if m.Unusual != test.want {
				t.Errorf("got %v, want %v: score %.2f", m.Unusual, test.want, score(m.History))
			}
			if (len(m.Breaches) == 1) != test.want {
				t.Errorf("unusual: got %+v", m.Breaches)
			}
		})
	}
}

func TestAnUnusualChangeIsABreachInWords(t *testing.T) {
	t.Parallel()
	in := built(nil, n(1000), nil, Limits{Unusual: true, Axis: AxisBefore})
	for _, id := range []string{"7", "6", "5", "4", "3", "2", "1"} {
		in.History.Runs = append(in.History.Runs, Run{ID: id})
		in.History.Rows = append(in.History.Rows, rowsOf(point{RunID: id, NodeID: "model.shop.orders", Count: 3000})...)
	}
	want := []Breach{{
		NodeID: "model.shop.orders", Gate: "unusual", Axis: AxisBaseline,
		Limit: "score 3.5", Value: "−2,000 (score 219.6)", Severity: SeverityError,
	}}
	if diff := cmp.Diff(want, Compare(in).Models[0].Breaches); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A model is not called new if no run can have counted it.
func TestWhichModelsAreNewAgainstTheBaseline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before  *int64
		command string
		node    string // that the earlier run counted
		want    bool
	}{
		"earlier runs counted other models":   {nil, "dbt build", "model.shop.other", true},
		"it was there before this run":        {n(10), "dbt build", "model.shop.other", false},
		"only seeds were counted":             {nil, "dbt seed", "seed.shop.raw_orders", false},
		"only failed models were built again": {nil, "dbt retry", "model.shop.other", false},
	} {
		in := built(test.before, n(10), nil, Limits{})
		in.History = History{
			Runs: []Run{{ID: "main", Command: test.command}},
			Rows: rowsOf(point{RunID: "main", NodeID: test.node, Relation: test.node, Count: 1}),
		}
		if got := Compare(in).Models[0].BaselineNew; got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// On a schedule the count before the run is the last run's: one fact, one breach.
func TestTheSameCountIsOneFact(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		relation string
		baseline int64
		breaches int
	}{
		"the table as the last run left it": {orders().Relation, 1000, 1},
		"another process wrote to it":       {orders().Relation, 1001, 2},
		"another table with as many rows":   {`"db"."main"."orders"`, 1000, 2},
	} {
		in := built(n(1000), n(900), nil, Limits{MaxDrop: percentage(5)})
		in.History = History{
			Runs: []Run{{ID: "last"}},
			Rows: rowsOf(point{RunID: "last", NodeID: orders().ID, Relation: test.relation, Count: test.baseline}),
		}
		m := Compare(in).Models[0]
		if len(m.Breaches) != test.breaches || m.BaselineIsBefore != (test.breaches == 1) {
			t.Errorf("%s: got %d breaches, one fact: %v; want %d", name, len(m.Breaches), m.BaselineIsBefore, test.breaches)
		}
	}
}

// PostgreSQL drops a materialized view with the table that it reads: it has no count
// before a full build, but it is not new.
func TestAMaterializedViewThatIsBuiltAgainIsNotNew(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		relation string
		earlier  *int64
		want     Status
	}{
		"as many rows":            {orders().Relation, n(10), Unchanged},
		"fewer rows":              {orders().Relation, n(12), Shrank},
		"more rows":               {orders().Relation, n(8), Grew},
		"another schema's":        {`"db"."other"."orders"`, n(10), New},
		"no earlier run built it": {orders().Relation, nil, New},
	} {
		in := built(nil, n(10), nil, Limits{})
		in.Nodes[0].Materialized = "materialized_view"
		in.History = History{Runs: []Run{{ID: "last"}}}
		if test.earlier != nil {
			in.History.Rows = rowsOf(point{RunID: "last", NodeID: orders().ID, Relation: test.relation, Count: *test.earlier})
		}
		if got := Compare(in).Models[0].Status; got != test.want {
			t.Errorf("%s: got %s, want %s", name, got, test.want)
		}
	}
}
