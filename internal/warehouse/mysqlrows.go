package warehouse

import (
	"fmt"
	"strings"
	"time"
)

// values are the columns, null where the table has none; the driver gives every
// value as text, a time as the session's zone has it.
func (m mysql) values(f found, columns []string) string {
	values := make([]string, len(columns))
	for i, name := range columns {
		values[i] = name
		if f.typeOf(name) == "" {
			values[i] = "null"
		}
	}
	return strings.Join(values, ", ")
}

func (m mysql) selectRows(f found, runs []string) (string, []any) {
	list, args := among(runs)
	return "select " + m.values(f, recordColumns) + " from " + f.relation + " where run_id in " + list, args
}

// selectNewest does without window functions, which MySQL 5.7 lacks: of rows with
// one time it gives all.
func (m mysql) selectNewest(f found, since, before time.Time, exclude []string) (string, []any) {
	node := "model_name"
	if f.typeOf("node_id") != "" {
		node = "coalesce(node_id, model_name)"
	}
	list, runs := among(exclude)
	where := " where execution_time >= ? and execution_time < ? and run_id not in " + list +
		" and lower(model_name) like '% - after' and row_count is not null"
	args := append([]any{sqlTime(since), sqlTime(before)}, runs...)
	query := "select " + m.values(f, recordColumns) + " from " + f.relation +
		" join (select " + node + " as node, max(execution_time) as newest from " + f.relation + where + " group by 1) n" +
		" on " + node + " = n.node and execution_time = n.newest" + where
	return query, append(args, args...)
}

// insertRun ignores what the primary key refuses. "On duplicate key update" would
// need the right to update, and "where not exists" locks out another job's insert.
func (m mysql) insertRun(f found, values []*string) (string, []any) {
	args := make([]any, len(values))
	for i, value := range values {
		args[i] = value
	}
	places := "?" + strings.Repeat(", ?", len(values)-1)
	return "insert ignore into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") values (" + places + ")", args
}

func (m mysql) selectRuns(f found, filter runFilter) (string, []any) {
	where, args := filter.conditions("?")
	return "select " + m.values(f, f.layout.names()) + " from " + f.relation + " where " + where +
		fmt.Sprintf(" order by completed_at desc limit %d", filter.limit), args
}

func (m mysql) countOlder(f found, column string, than time.Time) (string, []any) {
	return "select run_id, count(*) from " + f.relation + " where " + column + " < ? and run_id is not null group by run_id",
		[]any{sqlTime(than)}
}

func (m mysql) deleteOlder(f found, column string, than time.Time, runs []string) (string, []any) {
	list, args := among(runs)
	return "delete from " + f.relation + " where " + column + " < ? and run_id in " + list, append([]any{sqlTime(than)}, args...)
}
