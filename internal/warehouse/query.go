package warehouse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// query is a query whose rows are texts. Its parts are separate, because a dialect may
// join several queries into one statement.
type query struct {
	columns []string // expressions
	from    string   // the tables and the conditions
	order   string   // "": any
	limit   int      // 0: none
	args    []any
}

// String returns the query as one statement.
func (q query) String() string {
	text := "select " + strings.Join(q.columns, ", ") + " from " + q.from
	if q.order != "" {
		text += " order by " + q.order
	}
	if q.limit > 0 {
		text += fmt.Sprintf(" limit %d", q.limit)
	}
	return text
}

// united joins queries into one statement: each row starts with the number of its query
// and its own number. It needs window functions and qualify.
func united(queries []query) (text string, args []any) {
	width := 0
	for _, q := range queries {
		width = max(width, len(q.columns))
	}
	parts := make([]string, len(queries))
	for i, q := range queries {
		order := "1"
		if q.order != "" {
			order = q.order
		}
		columns := []string{
			fmt.Sprintf("%d as part", i), "row_number() over (order by " + order + ") as nth",
		}
		for j := range width {
			value := "null"
			if j < len(q.columns) {
				value = q.columns[j]
			}
			columns = append(columns, fmt.Sprintf("%s as value_%d", value, j))
		}
		parts[i] = "select " + strings.Join(columns, ", ") + " from " + q.from
		if q.limit > 0 {
			parts[i] += fmt.Sprintf(" qualify nth <= %d", q.limit)
		}
		args = append(args, q.args...)
	}
	return strings.Join(parts, "\nunion all ") + "\norder by part, nth", args
}

// divided returns the rows of each query of a united one.
func divided(queries []query, rows [][]*string) ([][][]*string, error) {
	all := make([][][]*string, len(queries))
	for _, row := range rows {
		part, err := strconv.Atoi(deref(row[0]))
		if err != nil || part < 0 || part >= len(all) {
			return nil, fmt.Errorf("a row of query %q, of %d", deref(row[0]), len(all))
		}
		all[part] = append(all[part], row[2:2+len(queries[part].columns)])
	}
	return all, nil
}

// selectRows returns recordColumns of all audit rows of some runs.
func selectRows(d dialect, f found, runs []string) query {
	at := d.placeholders()
	return query{
		columns: texts(d, f, recordColumns), from: f.relation + " where run_id in " + at.list(runs), args: at.args,
	}
}

// selectCounts returns recordColumns of the audit rows of some runs, and null for those
// that a trend does not need: of the nodes that the names may mean or, without names, the
// rows after each run. It finds the phase in the name, as selectNewest does.
func selectCounts(d dialect, f found, runs, names []string) query {
	at := d.placeholders()
	return query{
		columns: countColumns(d, f), from: f.relation + " where run_id in " + at.list(runs) + trendOnly(at, f, names),
		args: at.args,
	}
}

// selectSince returns the same of every run in a period.
func selectSince(d dialect, f found, q TrendQuery) query {
	at := d.placeholders()
	written := d.instant(f, "execution_time")
	return query{
		columns: countColumns(d, f),
		from: f.relation + " where " + written + " >= " + at.at(q.Since) + " and " + written + " < " + at.at(q.Before) +
			trendOnly(at, f, q.Names),
		args: at.args,
	}
}

func countColumns(d dialect, f found) []string {
	columns := texts(d, f, recordColumns)
	for i, name := range recordColumns {
		if slices.Contains([]string{"phase", "materialized"}, name) {
			columns[i] = "null"
		}
	}
	return columns
}

func trendOnly(at *placeholders, f found, names []string) string {
	const named = "lower(model_name) like '% - after'"
	switch {
	case len(names) == 0 && f.typeOf("phase") != "":
		return " and (phase = 'after' or phase is null and " + named + ")"
	case len(names) == 0:
		return " and " + named
	}
	var any []string
	for _, pattern := range (TrendQuery{Names: names}).patterns() {
		any = append(any, "lower("+f.node()+") like "+at.value(pattern))
	}
	return " and (" + strings.Join(any, " or ") + ")"
}

// patterns returns the names for the operator like. A character that has a meaning there,
// or in some engine's literals, becomes one that stands for any.
func (q TrendQuery) patterns() []string {
	list := []string{}
	for _, name := range q.Names {
		list = append(list, "%"+strings.NewReplacer("%", "_", `\`, "_").Replace(strings.ToLower(name))+"%")
	}
	return list
}

// selectNewest returns recordColumns of the newest after row of each node, and of more
// than one if they have the same time. It finds the phase in the name, because all hooks
// write it in the same form, and avoids window functions, which MySQL 5.7 lacks.
func selectNewest(d dialect, f found, since, before time.Time, exclude []string) query {
	at := d.placeholders()
	where := func() string {
		written := d.instant(f, "execution_time")
		return " where " + written + " >= " + at.at(since) + " and " + written + " < " + at.at(before) +
			" and run_id not in " + at.list(exclude) +
			" and lower(model_name) like '% - after' and row_count is not null"
	}
	return query{
		columns: texts(d, f, recordColumns),
		from: f.relation + " join (select " + f.node() + " as node, max(execution_time) as newest from " + f.relation +
			where() + " group by " + f.node() + ") n on " + f.node() + " = n.node and execution_time = n.newest" + where(),
		args: at.args,
	}
}

// selectRuns returns all columns of the newest runs.
func selectRuns(d dialect, f found, filter runFilter) query {
	at := d.placeholders()
	return query{
		columns: texts(d, f, f.layout.names()), from: f.relation + " where " + at.where(filter),
		order: "completed_at desc", limit: filter.limit, args: at.args,
	}
}

// selectNodes returns node_id, fingerprint and columns_hash of what the newest of some runs
// stored that stored anything.
func selectNodes(d dialect, t tables, runs []string) query {
	at := d.placeholders()
	return query{
		columns: texts(d, t.nodes, []string{"node_id", "fingerprint", "columns_hash"}),
		from:    t.nodes.relation + " where run_id = (" + newestStored(at, t, runs) + ")", args: at.args,
	}
}

// selectListsOf returns the lists of columns that belong to selectNodes.
func selectListsOf(d dialect, t tables, runs []string) query {
	at := d.placeholders()
	return query{
		columns: texts(d, t.lists, t.lists.layout.names()),
		from: t.lists.relation + " where columns_hash in (select columns_hash from " + t.nodes.relation +
			" where run_id = (" + newestStored(at, t, runs) + "))", args: at.args,
	}
}

func newestStored(at *placeholders, t tables, runs []string) string {
	return "select r.run_id from " + t.runs.relation + " r join " + t.nodes.relation + " n on n.run_id = r.run_id" +
		" where r.run_id in " + at.list(runs) + " order by r.completed_at desc limit 1"
}

// selectLists returns the lists of columns with some hashes.
func selectLists(d dialect, f found, hashes []string) query {
	at := d.placeholders()
	return query{
		columns: texts(d, f, f.layout.names()), from: f.relation + " where columns_hash in " + at.list(hashes), args: at.args,
	}
}

// countOlder returns the runs that have rows older than a time, by a column, and their
// number of such rows.
func countOlder(d dialect, f found, column string, than time.Time) query {
	at := d.placeholders()
	return query{
		columns: []string{"run_id", "count(*)"},
		from: f.relation + " where " + d.instant(f, column) + " < " + at.at(than) +
			" and run_id is not null group by run_id",
		args: at.args,
	}
}

// deleteOlder deletes these rows of some runs.
func deleteOlder(d dialect, f found, column string, than time.Time, runs []string) (statement string, args []any) {
	at := d.placeholders()
	return "delete from " + f.relation + " where " + d.instant(f, column) + " < " + at.at(than) +
		" and run_id in " + at.list(runs), at.args
}

// texts returns columns as text, null if the table lacks them.
func texts(d dialect, f found, columns []string) []string {
	values := make([]string, len(columns))
	for i, name := range columns {
		values[i] = "null"
		if f.typeOf(name) != "" {
			values[i] = d.text(f, name)
		}
	}
	return values
}

// placeholders writes placeholders into a query and collects their values in the same
// order.
type placeholders struct {
	numbered bool   // $1, $2 and so on, not ?
	time     string // the expression for a time without a zone; "%s" is the placeholder of a text
	zone     string // appended to the text of a time
	args     []any
}

// value returns the placeholder of a value.
func (p *placeholders) value(v any) string {
	p.args = append(p.args, v)
	if p.numbered {
		return fmt.Sprintf("$%d", len(p.args))
	}
	return "?"
}

// at returns the placeholder of a time.
func (p *placeholders) at(t time.Time) string {
	return fmt.Sprintf(p.time, p.value(sqlTime(t)+p.zone))
}

// list returns the placeholders of texts, for "in".
func (p *placeholders) list(texts []string) string {
	all := make([]string, len(texts))
	for i, text := range texts {
		all[i] = p.value(text)
	}
	return "(" + strings.Join(all, ", ") + ")"
}

// where returns the conditions of the filter.
func (p *placeholders) where(f runFilter) string {
	all := []string{"true"}
	for _, equal := range []struct{ column, value string }{
		{"run_id", f.id}, {"branch", f.branch}, {"target", f.target},
	} {
		if equal.value != "" {
			all = append(all, equal.column+" = "+p.value(equal.value))
		}
	}
	if f.successful {
		all = append(all, "status = 'success'", "dbt_exit_code = 0")
	}
	if !f.before.IsZero() {
		all = append(all, "completed_at >= "+p.at(f.since), "completed_at < "+p.at(f.before))
	}
	if len(f.excludeEvents) > 0 {
		all = append(all, "(event is null or event not in "+p.list(f.excludeEvents)+")")
	}
	if len(f.exclude) > 0 {
		all = append(all, "run_id not in "+p.list(f.exclude))
	}
	return strings.Join(all, " and ")
}

// quote returns a name in the quotes of most engines.
func quote(name string) string {
	return `"` + strings.NewReplacer(`"`, `""`, "\x00", "").Replace(name) + `"`
}
