package warehouse

import (
	"fmt"
	"strings"
	"time"
)

// instant is the UTC time of an expression that gives sqlTime's text, for a column
// of whichever type of timestamp: the session may have its own idea of how times
// are written, and of the zone they are in.
func (s snowflake) instant(expression string) string {
	return "to_timestamp_tz(" + expression + " || ' +0000', 'YYYY-MM-DD HH24:MI:SS.FF6 TZHTZM')"
}

// texts are the columns as text, a time without zone taken for UTC.
func (s snowflake) texts(f found, columns []string) string {
	values := make([]string, len(columns))
	for i, name := range columns {
		switch typ := f.typeOf(name); {
		case typ == "":
			values[i] = "null"
		case strings.HasPrefix(typ, "timestamp"):
			values[i] = "to_varchar(" + s.utc(f, name) + ", 'YYYY-MM-DD HH24:MI:SS.FF6')"
		default:
			values[i] = name + "::string"
		}
	}
	return strings.Join(values, ", ")
}

// utc is the time of a column without a zone, for comparing.
func (s snowflake) utc(f found, column string) string {
	switch f.typeOf(column) {
	case "timestamp_ntz":
		return column
	case "timestamp_ltz", "timestamp_tz":
		return "convert_timezone('UTC', " + column + ")::timestamp_ntz"
	default:
		return column + "::timestamp_ntz"
	}
}

// snowflakeTime is the place of sqlTime's text, as a time without a zone.
const snowflakeTime = "to_timestamp_ntz(?, 'YYYY-MM-DD HH24:MI:SS.FF6')"

func (s snowflake) selectRows(f found, runs []string) (string, []any) {
	list, args := among(runs)
	return "select " + s.texts(f, recordColumns) + " from " + f.relation + " where run_id in " + list, args
}

// selectNewest tells the phase by the name, which all hooks write alike.
func (s snowflake) selectNewest(f found, since, before time.Time, exclude []string) (string, []any) {
	node := "model_name"
	if f.typeOf("node_id") != "" {
		node = "coalesce(node_id, model_name)"
	}
	at := s.utc(f, "execution_time")
	list, runs := among(exclude)
	query := "select " + s.texts(f, recordColumns) + " from " + f.relation + `
where ` + at + " >= " + snowflakeTime + " and " + at + " < " + snowflakeTime + " and run_id not in " + list + `
	and model_name ilike '% - after' and row_count is not null
qualify row_number() over (partition by ` + node + " order by execution_time desc) = 1"
	return query, append([]any{sqlTime(since), sqlTime(before)}, runs...)
}

// insertRun casts by itself: an insert from a query takes no text for a number.
func (s snowflake) insertRun(f found, values []*string) (string, []any) {
	places, args := make([]string, len(values)), make([]any, len(values))
	for i, value := range values {
		places[i], args[i] = "cast(? as "+s.typeName(f.layout.columns[i].kind)+")", value
		if f.layout.columns[i].kind == timestamp {
			places[i] = snowflakeTime
		}
	}
	query := "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") select " + strings.Join(places, ", ") +
		" from (select 1 as one) where not exists (select 1 from " + f.relation + " where run_id = ?)"
	return query, append(args, values[0])
}

func (s snowflake) selectRuns(f found, filter runFilter) (string, []any) {
	where, args := filter.conditions(snowflakeTime)
	return "select " + s.texts(f, f.layout.names()) + " from " + f.relation + " where " + where +
		fmt.Sprintf(" order by completed_at desc limit %d", filter.limit), args
}

func (s snowflake) countOlder(f found, column string, than time.Time) (string, []any) {
	return "select run_id::string, count(*)::string from " + f.relation + " where " + s.utc(f, column) + " < " + snowflakeTime +
		" and run_id is not null group by run_id", []any{sqlTime(than)}
}

func (s snowflake) deleteOlder(f found, column string, than time.Time, runs []string) (string, []any) {
	list, args := among(runs)
	return "delete from " + f.relation + " where " + s.utc(f, column) + " < " + snowflakeTime + " and run_id in " + list,
		append([]any{sqlTime(than)}, args...)
}
