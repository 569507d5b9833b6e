package report_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/dbt-tally/dbt-tally/internal/internaltest/golden"
	"github.com/dbt-tally/dbt-tally/internal/internaltest/situation"
	"github.com/dbt-tally/dbt-tally/internal/report"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

const schemaPath = "../../docs/report.schema.json"

func TestJSONOfEachSituationFollowsTheSchema(t *testing.T) {
	t.Parallel()
	schema := compile(t, strict(loadSchema(t)))
	reports := situation.All()
	reports["every-key"] = everyKey()
	for name, r := range reports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := schema.Validate(parse(t, jsonOf(t, r))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestJSONHasEveryKeyOfItsVersion(t *testing.T) {
	t.Parallel()
	golden.Check(t, "testdata/report.every-key.golden.json", jsonOf(t, everyKey()))
}

func TestSchemaAllowsKeysToBeAdded(t *testing.T) {
	t.Parallel()
	text := strings.Replace(jsonOf(t, situation.Changed()), "{", `{"added": 1,`, 1)
	if err := compile(t, loadSchema(t)).Validate(parse(t, text)); err != nil {
		t.Error(err)
	}
}

func TestSchemaKnowsEveryStatus(t *testing.T) {
	t.Parallel()
	schema := compile(t, loadSchema(t))
	for _, status := range tally.Statuses() {
		r := report.New(situation.Run(), tally.Tally{Models: []tally.Model{situation.Model("m", status, 1, 1, 1)}})
		if err := schema.Validate(parse(t, jsonOf(t, r))); err != nil {
			t.Errorf("status %s: %v", status, err)
		}
	}
}

// everyKey returns a report in which no list is empty and no value is null.
func everyKey() report.Report {
	r := situation.Failed()
	for i, f := range r.Failures {
		r.Failures[i].File = "shop/" + f.Path
	}
	gate := report.Gate{
		NodeID: r.Models[0].NodeID, Gate: "max-drop", Axis: tally.AxisBefore,
		Limit: "5%", Value: "−18.4%", Severity: "error",
	}
	r.Baseline = &report.Baseline{
		RunID: "1", Branch: "main", Commit: "1a2b3c4", CompletedAt: situation.Noon,
		URL: "https://github.com/octo/shop/actions/runs/1",
	}
	r.Audit.Problems, r.Audit.Around = []string{"a problem"}, 0.4
	r.HeadSHA = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"
	r.Requirements = new(8.7)
	r.Gates = []report.Gate{gate}
	r.Sought = &report.Sought{Branch: "main", Target: "prod", Table: "log", Elsewhere: true}
	r.GatesUnchecked = []string{"meta.tally of model.shop.orders: a problem"}
	m := &r.Models[0]
	m.Before, m.After, m.Change = new(int64(2)), new(int64(1)), new(int64(-1))
	m.Baseline, m.BaselineChange = new(int64(3)), new(int64(-2))
	m.BaselineSeconds, m.History = new(1.5), []int64{3, 1}
	m.Gates = []report.Gate{gate}
	m.HistorySince, m.Parents = new(situation.Noon), []string{"model.shop.stg_orders"}
	m.Cause = &report.Cause{Kind: tally.CauseDownstream, Of: "model.shop.stg_orders", Root: "model.shop.stg_orders"}
	r.Models[1].Cause = &report.Cause{Kind: tally.CauseEdited, Root: "model.shop.stg_orders"}
	m.FanOut = &report.FanOut{Parent: "model.shop.stg_orders", Ratio: 2, Baseline: 1.5}
	m.Columns = &report.Columns{
		Added:   []tally.Column{{Name: "area", Type: "text"}},
		Removed: []tally.Column{{Name: "region", Type: "text"}},
		Retyped: []tally.Retyped{{Name: "id", From: "integer", To: "bigint"}},
	}
	m.Written = &report.Written{
		Inserted: new(int64(40)), Updated: new(int64(20)), Deleted: new(int64(5)), Changed: new(int64(20)),
		Source: tally.FromEngine, Reason: "a reason", Versions: &report.Versions{New: 20, Changed: 20, Closed: 0},
	}
	m.Adapter = &report.Adapter{
		Code: "CREATE TABLE", RowsAffected: new(int64(1)), QueryID: "01b2", JobID: "1a-2b", ProjectID: "shop", Location: "EU",
		BytesProcessed: new(int64(1024)), BytesBilled: new(int64(10485760)), SlotMS: new(int64(345)),
	}
	r.Branch = "feature"
	r.Cloud = &report.CloudRun{RunID: 4711, JobID: 12, URL: "https://cloud.getdbt.com/deploy/34/projects/56/runs/4711/"}
	r.Causes = []report.RootCause{{
		NodeID: "model.shop.stg_orders", Kind: tally.CauseEdited,
		File: "shop/models/stg_orders.sql", Models: []string{m.NodeID},
	}}
	r.Removed = []string{"model.shop.gone"}
	r.Drift = &report.Drift{Models: 31, Moved: 6, Median: 0.004}
	r.Totals.RowsBefore, r.Totals.RowsAfter, r.Totals.RowsDelta, r.Totals.GatesBreached = 2, 13, 11, 1
	return r
}

func TestTimesAreWrittenInUTC(t *testing.T) {
	t.Parallel()
	in := situation.Run()
	zone := time.FixedZone("", 3*60*60)
	in.GeneratedAt = in.GeneratedAt.In(zone)
	in.Invocations[0].StartedAt = in.Invocations[0].StartedAt.In(zone)
	in.Invocations[0].CompletedAt = in.Invocations[0].CompletedAt.In(zone)
	earlier := tally.Run{CompletedAt: situation.Noon.In(zone)}
	if text := jsonOf(t, report.New(in, tally.Tally{BaselineRun: &earlier})); strings.Contains(text, "+03:00") {
		t.Errorf("a time is not in UTC:\n%s", text)
	}
}

func jsonOf(t testing.TB, r report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func parse(t *testing.T, text string) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func loadSchema(t *testing.T) any {
	t.Helper()
	text, err := os.ReadFile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(text))
}

func compile(t *testing.T, doc any) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("report.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// strict forbids keys that the schema does not describe.
func strict(doc any) any {
	switch v := doc.(type) {
	case map[string]any:
		if _, ok := v["properties"].(map[string]any); ok {
			v["additionalProperties"] = false
		}
		for _, child := range v {
			strict(child)
		}
	case []any:
		for _, child := range v {
			strict(child)
		}
	}
	return doc
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

var errBroken = errors.New("broken pipe")

func TestTheWritersErrorIsReturned(t *testing.T) {
	t.Parallel()
	if err := report.WriteJSON(brokenWriter{}, situation.Changed()); !errors.Is(err, errBroken) {
		t.Errorf("got error %v", err)
	}
}
