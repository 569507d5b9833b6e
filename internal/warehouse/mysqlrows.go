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

// among is a list for "in", and its arguments.
func among(texts []string) (list string, args []any) {
	for _, text := range texts {
		args = append(args, text)
	}
	return "(?" + strings.Repeat(", ?", len(texts)-1) + ")", args
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
	where, args := []string{"true"}, []any(nil)
	restrict := func(condition string, values ...any) {
		where, args = append(where, condition), append(args, values...)
	}
	if filter.id != "" {
		restrict("run_id = ?", filter.id)
	}
	if filter.branch != "" {
		restrict("branch = ?", filter.branch)
	}
	if filter.target != "" {
		restrict("target = ?", filter.target)
	}
	if filter.successful {
		restrict("status = 'success' and dbt_exit_code = 0")
	}
	if !filter.before.IsZero() {
		restrict("completed_at >= ? and completed_at < ?", sqlTime(filter.since), sqlTime(filter.before))
	}
	if len(filter.exclude) > 0 {
		list, runs := among(filter.exclude)
		restrict("run_id not in "+list, runs...)
	}
	return "select " + m.values(f, f.layout.names()) + " from " + f.relation + " where " + strings.Join(where, " and ") +
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
