package warehouse_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/tally"
	"github.com/dbt-tally/dbt-tally/internal/warehouse"
)

// failing answers each macro call as if the warehouse had refused the step.
type failing struct{ step string }

func (f failing) RunOperation(_ context.Context, _ string, args map[string]any, _ ...string) ([][]byte, error) {
	if without, _ := args["without"].([]string); slices.Contains(without, f.step) {
		return [][]byte{[]byte(`{"relation": "d.s.log", "columns": [
			{"name": "MODEL_NAME", "type": "STRING"}, {"name": "EXECUTION_TIME", "type": "TIMESTAMP"},
			{"name": "ROW_COUNT", "type": "NUMBER"}, {"name": "RUN_ID", "type": "STRING"}]}`)}, nil
	}
	return [][]byte{[]byte(`{"step": "` + f.step + `"}`)}, errors.New("not allowed")
}

func TestWithoutColumnsThatDBTMayNotAdd(t *testing.T) {
	t.Parallel()
	prepared := prepare(t, openWith(t, failing{"add columns"}))
	if diff := gocmp.Diff(allColumns[:4], prepared.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if len(prepared.Problems) != 1 ||
		!strings.Contains(prepared.Problems[0], "without node_id, phase, materialized") ||
		!strings.Contains(prepared.Problems[0], "not allowed") {
		t.Errorf("problems %q; want one with the columns and the reason", prepared.Problems)
	}
}

func TestWithoutARunTableThatDBTMayNotCreate(t *testing.T) {
	t.Parallel()
	problems := prepare(t, openWith(t, failing{"make the run table"})).Problems
	if want := "runs are not recorded in s.log_run, so that counts are compared with each model's newest earlier " +
		"row: make the run table: not allowed"; len(problems) != 1 || problems[0] != want {
		t.Errorf("problems %q; want %q", problems, want)
	}
}

func TestTheErrorNamesTheStepThatFailedInDBT(t *testing.T) {
	t.Parallel()
	_, err := openWith(t, failing{"create the table"}).Prepare(t.Context())
	if want := "audit table s.log: create the table: not allowed"; err == nil || err.Error() != want {
		t.Errorf("error %v; want %s", err, want)
	}
}

// Rows that arrived before a failed step are kept, whichever step it was.
func TestRowsAreKeptIfALaterStepFails(t *testing.T) {
	t.Parallel()
	const row = `{"rows": [["orders - AFTER", "2026-11-23 10:00:00", "1", "now", null, null, null, null, null, null, null, null, null]]}`
	for step, want := range map[string]string{
		"record the run":    "this run is not recorded in s.log_run: record the run: not allowed",
		"read earlier runs": "there is nothing to compare with: read earlier runs: not allowed",
	} {
		got := collect(t, openWith(t, scripted(func(args map[string]any) ([]string, error) {
			if without, _ := args["without"].([]string); slices.Contains(without, step) {
				return []string{row}, nil
			}
			return []string{row, `{"step": "` + step + `"}`, `{"runs": [["half"]]}`}, errors.New("not allowed")
		})), warehouse.CollectRequest{
			Invocations: []string{"now"}, Runs: []tally.Run{{ID: "now"}},
			History: warehouse.HistoryQuery{Wanted: step == "read earlier runs"},
		})
		if len(got.Rows) != 1 || len(got.Problems) != 1 || got.Problems[0] != want {
			t.Errorf("%s: %+v; want one row and %q", step, got, want)
		}
	}
}

func TestWhatWasDeletedBeforeAFailureIsCounted(t *testing.T) {
	t.Parallel()
	audit, run, err := openWith(t, scripted(func(map[string]any) ([]string, error) {
		return []string{
			`{"step": "delete from s.log"}`, `{"audit_rows": 5}`, `{"audit_rows": 2}`, `{"run_rows": 1}`,
			`{"step": "delete from s.log_run"}`,
		}, errors.New("gone")
	})).Prune(t.Context(), at("10:00:00"), false, nil)
	if want := "prune s.log: delete from s.log_run: gone"; audit != 7 || run != 1 || err == nil || err.Error() != want {
		t.Errorf("%d, %d, %v; want 7, 1 and %s", audit, run, err, want)
	}
}

// What does not fit into dbt's environment is left out, the columns first.
func TestTooManyNodesForDBT(t *testing.T) {
	t.Parallel()
	code := warehouse.Code{RunID: "now", Fingerprints: map[string]string{}}
	relations := map[string]string{}
	for i := range 7_000 {
		id := fmt.Sprintf("model.shop.%090d", i)
		code.Fingerprints[id], relations[id] = "f", fmt.Sprintf(`"db"."s"."%090d"`, i)
	}
	longest, passed := 0, 0
	operator := environments(func(environment []string) {
		passed = 0
		for _, variable := range environment {
			longest, passed = max(longest, len(variable)), passed+len(variable)
		}
	})
	request := warehouse.CollectRequest{Invocations: []string{"now"}, Code: code, Relations: relations}
	got := collect(t, openWith(t, operator), request)
	const noColumns = "the columns could not be read: 7000 relations are too many for the environment of dbt"
	if len(got.Problems) != 1 || got.Problems[0] != noColumns || passed < 700_000 || longest > 32_767 {
		t.Errorf("problems %q, %d bytes in variables of at most %d; want %q", got.Problems, passed, longest, noColumns)
	}
	for i := range 7_000 {
		code.Fingerprints[fmt.Sprintf("seed.shop.%090d", i)] = "f"
	}
	got = collect(t, openWith(t, operator), request)
	if len(got.Problems) != 2 || passed > 0 ||
		!strings.Contains(got.Problems[1], "14000 nodes are too many for the environment of dbt") {
		t.Errorf("problems %q, %d bytes; want two, and none", got.Problems, passed)
	}
}

// environments hands the environment of a call to a function.
type environments func(environment []string)

func (e environments) RunOperation(
	_ context.Context, _ string, _ map[string]any, environment ...string,
) ([][]byte, error) {
	e(environment)
	return [][]byte{[]byte(`{"rows": []}`)}, nil
}

// scripted answers with the result of a function.
type scripted func(args map[string]any) ([]string, error)

func (s scripted) RunOperation(_ context.Context, _ string, args map[string]any, _ ...string) (payloads [][]byte, err error) {
	texts, err := s(args)
	for _, text := range texts {
		payloads = append(payloads, []byte(text))
	}
	return payloads, err
}

// logging answers with these payloads.
type logging []string

func (l logging) RunOperation(context.Context, string, map[string]any, ...string) (payloads [][]byte, _ error) {
	for _, text := range l {
		payloads = append(payloads, []byte(text))
	}
	return payloads, nil
}

func TestInvalidPayloadsAreErrors(t *testing.T) {
	t.Parallel()
	for payloads, want := range map[string]string{
		"":                 "dbt_tally_collect logged nothing",
		"{":                "dbt_tally_collect: read what it logged",
		`{"rows":[["a"]]}`: "an audit row of 1 values; expected 13",
	} {
		_, err := openWith(
			t, logging(strings.Fields(payloads)[:min(1, len(payloads))]),
		).Collect(t.Context(), warehouse.CollectRequest{Invocations: []string{"run"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("payloads %q: error %v; want %q in it", payloads, err, want)
		}
	}
}

func openWith(t *testing.T, operator warehouse.Operator) *warehouse.Store {
	t.Helper()
	return open(t, warehouse.Options{
		Target:   warehouse.Target{Type: "bigquery"},
		Table:    warehouse.Table{Schema: "s", Name: "log"},
		Operator: operator,
	})
}
