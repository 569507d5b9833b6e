package cloudrun

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dbt-tally/dbt-tally/internal/dbtcloud"
	"github.com/dbt-tally/dbt-tally/internal/tally"
)

func TestStepsAreToldByTheirCommand(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		command           string
		reports, finishes bool
	}{
		"Clone git repository":                                                    {command: "dbt"},
		"Create profile from connection Redwood":                                  {command: "dbt"},
		"Invoke dbt with `dbt deps`":                                              {command: "dbt deps"},
		"Invoke dbt with `dbt build --select 'a b'+`":                             {"dbt build --select 'a b+'", true, false},
		"Invoke dbt with `dbt --warn-error run`":                                  {"dbt --warn-error run", true, false},
		"Invoke dbt with `dbt test`":                                              {"dbt test", true, false},
		"Invoke dbt with `dbt run-operation dbt_tally_start`":                     {"dbt run-operation dbt_tally_start", false, false},
		"Invoke dbt with `dbt run-operation dbt_tally_finish --args '{skip: 1}'`": {"dbt run-operation dbt_tally_finish --args '{skip: 1}'", false, true},
		"Invoke dbt with Generation of docs":                                      {command: "dbt"},
		"Invoke dbt with `dbt run --vars 'open`":                                  {`dbt run --vars ''\''open'`, true, false},
	} {
		step := dbtcloud.Step{Name: name}
		if got := command(step).String(); got != want.command {
			t.Errorf("%s: command %s; want %s", name, got, want.command)
		}
		if reports(step) != want.reports || finishes(step) != want.finishes {
			t.Errorf("%s: reports %t, finishes %t; want %t, %t", name, reports(step), finishes(step), want.reports, want.finishes)
		}
	}
}

func TestLastErrorBeginsWithDBTsError(t *testing.T) {
	t.Parallel()
	const log = "\x1b[0m07:19:46  Running with dbt=1.11.16\n07:19:47  Encountered an error:\n" +
		"Compilation Error\n  'nothing' is undefined\n\n\n  in model orders\n"
	want := "Compilation Error\n  'nothing' is undefined\n  in model orders"
	if got := lastError(log); got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	const operation = "07:19:47  Encountered an error while running operation: Database Error\n  no rights\n"
	if got, want := lastError(operation), "Database Error\n  no rights"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	if got := lastError(strings.Repeat("07:19:46  a line\n", 100)); strings.Count(got, "\n") != 19 {
		t.Errorf("got %d lines", strings.Count(got, "\n")+1)
	}
}

const (
	begin = `07:19:53  DBT_TALLY {"begin": "4711", "skip": 0, "total": 2, "columns": ["run_id", "model_name", "later"], ` +
		`"relation": "log", "grouped": true, "target": "prod", "type": "postgres", "database": "shop", "schema": "prod"}` + "\x1b[0m\n"
	rows    = `07:19:53  DBT_TALLY {"rows": [["id", "\"a\" - BEFORE", null], ["id", "\"a\" - AFTER", "x"]]}` + "\n"
	columns = `07:19:53  DBT_TALLY {"described": [["model.shop.a", "h1"], ["model.shop.b", "h2"]]}` + "\n" +
		`07:19:53  DBT_TALLY {"lists": [["h1", "[{\"name\": \"id\", \"type\": \"integer\"}]"]]}` + "\n"
	end = `07:19:53  DBT_TALLY {"end": "4711"}` + "\n"
)

func TestRowsOfALog(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		log      string
		want     string // part of the error
		n        int
		complete bool
	}{
		"whole":               {"07:19:52  Running\n" + begin + rows + columns + end, "", 2, true},
		"of another run":      {strings.ReplaceAll(begin+rows+end, "4711", "4710"), "printed no audit rows", 0, false},
		"nothing":             {"", "printed no audit rows", 0, false},
		"cut in the columns":  {begin + rows + columns[:90], "", 2, false},
		"cut within the rows": {begin + rows[:60], "only 0 of 2 audit rows", 0, false},
		"cut before them":     {begin, "only 0 of 2 audit rows", 0, false},
		"cut at the start":    {begin[:80], "printed no audit rows", 0, false},
		"no table":            {strings.ReplaceAll(begin, `"log"`, `""`), "does not exist", 0, false},
		"an old table":        {strings.ReplaceAll(begin, `"grouped": true`, `"grouped": false`), "lacks the column run_group", 0, false},
		"other values":        {begin + `DBT_TALLY {"rows": [["id"], ["id"]]}` + "\n" + end, "an audit row of 1 values; expected 3", 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f finished
			f.add(test.log, 4711)
			counted, err := f.counted()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v; want %q", err, test.want)
			}
			if len(counted.Rows) != test.n || f.complete() != test.complete {
				t.Errorf("%d rows, complete %t", len(counted.Rows), f.complete())
			}
		})
	}
}

// A log that is cut short is continued by the one of a further run.
func TestRowsOfTwoLogs(t *testing.T) {
	t.Parallel()
	first := begin + `07:19:53  DBT_TALLY {"rows": [["id", "\"a\" - BEFORE", null]]}` + "\n" + `07:19:53  DBT_TALLY {"rows": [["id`
	second := strings.ReplaceAll(begin, `"skip": 0`, `"skip": 1`) + `07:20:53  DBT_TALLY {"rows": [["id", "\"a\" - AFTER", "x"]]}` + "\n" + columns + end
	var f finished
	f.add(first, 4711)
	if f.complete() {
		t.Error("the first log is complete")
	}
	f.add(second, 4711)
	counted, err := f.counted()
	want := map[string][]tally.Column{"model.shop.a": {{Name: "id", Type: "integer"}}}
	if diff := cmp.Diff(want, counted.Columns); diff != "" {
		t.Errorf("columns (-want +got)\n%s", diff)
	}
	if err != nil || len(counted.Rows) != 2 || counted.Rows[1].Relation != `"a"` || counted.Target != "prod" {
		t.Errorf("got %+v, %v", counted, err)
	}
}
