package stories

import (
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// columned are tables whose rows are a time on the first and on the second day, each as
// SQL. want is what the second run wrote; "": what it wrote is not asked for.
var columned = map[string]struct {
	config      string // beside the materialization, which is table
	column      string // "at" unless it is given
	first, then []string
	want        string
	wantOn      map[string]string // where it is something else
}{
	"later":   {first: at("10:00:00"), then: at("10:00:00", "10:00:01"), want: "1 new or changed column"},
	"nothing": {first: at("10:00:00", "09:00:00"), then: at("09:00:00"), want: "0 new or changed column"},
	// A row with the time of the watermark may be an old one: it is missed.
	"tied":         {first: at("10:00:00"), then: at("10:00:00", "10:00:00", "10:00:00.5"), want: "1 new or changed column"},
	"microseconds": {first: at("10:00:00.000001"), then: at("10:00:00.000001", "10:00:00.000002"), want: "1 new or changed column"},
	"some_null":    {first: append(at("10:00:00"), "NULL"), then: append(at("11:00:00"), "NULL", "NULL"), want: "1 new or changed column"},
	"all_null":     {first: []string{"NULL"}, then: at("11:00:00"), want: "– the column at_time was null in all rows before this run"},
	"was_empty":    {first: nil, then: append(at("10:00:00"), "NULL"), want: "2 new or changed column"},
	"emptied":      {first: at("10:00:00"), then: nil, want: "0 new or changed column"},
	"dates": {
		first: []string{"cast('2026-01-01' as date)"}, then: []string{"cast('2026-01-01' as date)", "cast('2026-01-02' as date)"},
		want: "1 new or changed column",
	},
	// 08:00, then 09:30 and 07:00 in UTC.
	"zoned": {
		first:  []string{"cast('2026-01-01 10:00:00+02:00' as {{ zoned }})"},
		then:   []string{"cast('2026-01-01 09:30:00+00:00' as {{ zoned }})", "cast('2026-01-01 10:00:00+03:00' as {{ zoned }})"},
		want:   "1 new or changed column",
		wantOn: map[string]string{"mariadb": "", "mysql": ""},
	},
	"quoted": {
		column: `"At Time"`, config: `meta={'tally': {'change_column': '"At Time"'}}`,
		first: at("10:00:00"), then: at("10:00:01"), want: "1 new or changed column",
		wantOn: map[string]string{"mariadb": "", "mysql": ""},
	},
	"text": {
		config: `meta={'tally': {'change_column': 'at_time'}}`,
		first:  []string{"'2026-01-01 10:00:00'"}, then: []string{"'2026-01-02 10:00:00'"},
		want:   "– the column at_time is neither a date nor a timestamp",
		wantOn: map[string]string{"snowflake": "– the column at_time does not exist, or is neither a date nor a timestamp"},
	},
	"became_text": {
		config: `meta={'tally': {'change_column': 'at_time'}}`,
		first:  at("10:00:00"), then: []string{"'today'"},
		want:   "– the column at_time is neither a date nor a timestamp",
		wantOn: map[string]string{"snowflake": "– the column at_time does not exist, or is neither a date nor a timestamp"},
	},
	"absent": {
		config: `meta={'tally': {'change_column': 'at_time', 'created_column': 'since'}}`, first: at("10:00:00"), then: at("11:00:00"),
		want:   "– it lacks one of the columns at_time, since",
		wantOn: map[string]string{"snowflake": "– one of the columns at_time, since does not exist, or is neither a date nor a timestamp"},
	},
	"without": {
		column: "loaded", first: at("10:00:00"), then: at("11:00:00"), want: "– it lacks the column at_time",
		wantOn: map[string]string{"snowflake": "– the column at_time does not exist, or is neither a date nor a timestamp"},
	},
	"opted_out": {
		config: `meta={'tally': {'change_column': false}}`, first: at("10:00:00"), then: at("11:00:00"),
		want: "– it was rebuilt: all of its rows were written anew",
	},
	"refreshed": {
		config: `materialized='incremental', full_refresh=true`, first: at("10:00:00"), then: at("10:00:00", "11:00:00"),
		want: "1 new or changed column",
	},
	"kinds": { // all rows of the table
		config: `meta={'tally': {'change_column': false, 'change_type_column': 'kind'}}`,
		first:  at("10:00:00"), then: []string{"'c'", "'r'", "'U'", "'delete'"}, column: "kind",
		want: "+2 ~1 −1 column",
	},
	"own_kinds": {
		config: `meta={'tally': {'change_type_column': {'column': 'kind', 'insert': ['NEW'], 'delete': ['gone', "it's"]}}}`,
		first:  []string{at("10:00:00")[0] + " as at_time, 'c'"}, then: []string{at("10:00:00")[0] + " as at_time, 'c'", at("11:00:00")[0] + ", 'new'", at("12:00:00")[0] + ", 'it''s'"},
		column: "kind", want: "+1 ~0 −1 column",
	},
	"other_kinds": {
		config: `meta={'tally': {'change_column': false, 'change_type_column': 'kind'}}`,
		first:  at("10:00:00"), then: []string{"'c'", "'x'"}, column: "kind",
		want: "– the column kind contains a value that is no insert, update or delete",
	},
	"own_append": { // its own column is used in the place of the engine's numbers
		config: `materialized='incremental', meta={'tally': {'change_column': 'at_time'}}`,
		first:  at("10:00:00"), then: at("11:00:00", "09:00:00"), want: "1 new or changed column",
	},
}

// configOf returns the configuration of a table, or of another materialization.
func configOf(own string) string {
	switch {
	case own == "":
		return "materialized='table'"
	case strings.Contains(own, "materialized="):
		return own
	}
	return "materialized='table', " + own
}

// at returns these times of the first of January as SQL.
func at(times ...string) []string {
	list := make([]string, len(times))
	for i, time := range times {
		list[i] = "cast('2026-01-01 " + time + "' as {{ naive }})"
	}
	return list
}

// selected returns a select of these values.
func selected(column string, values []string) string {
	if values == nil {
		return "select * from (" + selected(column, at("10:00:00")) + ") as x where 1 = 0"
	}
	if !strings.Contains(strings.Join(values, ""), "NULL") {
		return "select " + values[0] + " as " + column + strings.Join(append([]string{""}, values[1:]...), " union all select ")
	}
	nullable := slices.Clone(values)
	for i := range nullable {
		nullable[i] = strings.ReplaceAll(nullable[i], "NULL", "cast(null as {{ naive }})")
	}
	return selected(column, nullable)
}

// writeColumned writes these tables, and a view, to the project.
func (p *project) writeColumned(day int) {
	p.write("models/viewed.sql", `{{ config(materialized='view', meta={'tally': {'change_column': 'at_time'}}) }} select 1 as id`)
	for name, model := range columned {
		if on, other := model.wantOn[p.target]; other && on == "" {
			continue
		}
		column, rows := model.column, model.first
		if column == "" {
			column = "at_time"
		}
		if day == 2 {
			rows = model.then
		}
		p.write("models/"+name+".sql", "{{ config("+configOf(model.config)+") }}\n"+
			"{%- set naive = 'datetime(6)' if target.type in ('mysql', 'mariadb') else 'timestamp' %}\n"+
			"{%- set zoned = 'timestamp_tz' if target.type == 'snowflake' else 'timestamp with time zone' %}\n"+selected(column, rows))
	}
}

// checkColumned checks the numbers of the second day. No column fails its model, no number
// is wrong, and the user's mistakes are reported.
func (p *project) checkColumned(last tallied) {
	p.t.Helper()
	want, got := map[string]string{}, map[string]string{}
	remarks := []string{"a view has no rows of its own; remove change_column"}
	for name, model := range columned {
		words, other := model.wantOn[p.target]
		if !other {
			words = model.want
		}
		if words == "" {
			continue
		}
		want[name], got[name] = words, last.written(name)
		if reason, unknown := strings.CutPrefix(words, "– "); unknown && name != "opted_out" && name != "without" {
			remarks = append(remarks, reason)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.t.Errorf("(-want +got)\n%s", diff)
	}
	var problems []string
	for _, problem := range last.Audit.Problems {
		_, reason, _ := strings.Cut(problem, " are unknown: ")
		problems = append(problems, reason)
	}
	slices.Sort(remarks)
	slices.Sort(problems)
	if diff := cmp.Diff(slices.Compact(remarks), problems); diff != "" {
		p.t.Errorf("problems (-want +got)\n%s\n%q", diff, last.Audit.Problems)
	}
}
