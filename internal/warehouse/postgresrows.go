package warehouse

import (
	"fmt"
	"strings"
	"time"
)

// texts are the columns as text, a time without zone taken for UTC. The session
// sees to the form of times.
func (p postgres) texts(f found, columns []string) string {
	values := make([]string, len(columns))
	for i, name := range columns {
		switch typ := f.typeOf(name); {
		case typ == "":
			values[i] = "null"
		case strings.HasSuffix(typ, "with time zone"):
			values[i] = "(" + name + " at time zone 'UTC')::text"
		default:
			values[i] = name + "::text"
		}
	}
	return strings.Join(values, ", ")
}

// time names the zone for the tables whose times have one; to others it is
// nothing, as PostgreSQL says.
func (p postgres) time(t time.Time) string { return sqlTime(t) + "+00" }

func (p postgres) selectRows(f found, runs []string) (string, []any) {
	return "select " + p.texts(f, recordColumns) + " from " + f.relation + " where run_id = any($1)", []any{runs}
}

// selectNewest tells the phase by the name, which all hooks write alike.
func (p postgres) selectNewest(f found, since, before time.Time, exclude []string) (string, []any) {
	node := "model_name"
	if f.typeOf("node_id") != "" {
		node = "coalesce(node_id, model_name)"
	}
	query := "select distinct on (" + node + ") " + p.texts(f, recordColumns) + " from " + f.relation + `
where execution_time >= $1 and execution_time < $2 and not run_id = any($3)
	and model_name ilike '% - after' and row_count is not null
order by ` + node + ", execution_time desc"
	return query, []any{p.time(since), p.time(before), exclude}
}

func (p postgres) insertRun(f found, values []*string) (string, []any) {
	places, args := make([]string, len(values)), make([]any, len(values))
	for i, value := range values {
		places[i], args[i] = fmt.Sprintf("$%d", i+1), value
	}
	query := "insert into " + f.relation + " (" + strings.Join(f.layout.names(), ", ") + ") select " + strings.Join(places, ", ") +
		" where not exists (select from " + f.relation + " where run_id = $1) on conflict do nothing"
	return query, args
}

func (p postgres) selectRuns(f found, filter runFilter) (string, []any) {
	where, args := []string{"true"}, []any(nil)
	restrict := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if filter.id != "" {
		restrict("run_id = $%d", filter.id)
	}
	if filter.branch != "" {
		restrict("branch = $%d", filter.branch)
	}
	if filter.target != "" {
		restrict("target = $%d", filter.target)
	}
	if filter.successful {
		where = append(where, "status = 'success'", "dbt_exit_code = 0")
	}
	if !filter.before.IsZero() {
		restrict("completed_at >= $%d", p.time(filter.since))
		restrict("completed_at < $%d", p.time(filter.before))
	}
	if len(filter.exclude) > 0 {
		restrict("not run_id = any($%d)", filter.exclude)
	}
	return "select " + p.texts(f, f.layout.names()) + " from " + f.relation + " where " + strings.Join(where, " and ") +
		fmt.Sprintf(" order by completed_at desc limit %d", filter.limit), args
}

func (p postgres) countOlder(f found, column string, than time.Time) (string, []any) {
	query := "select run_id::text, count(*)::text from " + f.relation + " where " + column + " < $1 and run_id is not null group by run_id"
	return query, []any{p.time(than)}
}

func (p postgres) deleteOlder(f found, column string, than time.Time, runs []string) (string, []any) {
	return "delete from " + f.relation + " where " + column + " < $1 and run_id = any($2)", []any{p.time(than), runs}
}
