package fakedbt

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// hooks imitates the audit hooks of internal/dbt/macros/hooks.sql on PostgreSQL, with the
// statement that they send. The zero value audits nothing.
type hooks struct {
	table      string // quoted
	allColumns bool   // instead of only the tutorial's four
	countViews bool
	invocation string
	rows       map[string]float64 // of the tables that were there, about, once a hook has asked
}

// row is an audit row to write.
type row struct {
	phase, time, count, materialized string
}

const absent = "cast(null as bigint)"

// before writes the before row, or returns it so that the after hook writes it together
// with its own.
func (b builder) before(ctx context.Context, n node, existing string) (*row, error) {
	if b.hooks.table == "" {
		return nil, nil
	}
	r := row{phase: "before", time: now(), count: absent, materialized: n.materialized}
	switch {
	case existing == "":
		r.materialized = ""
		return &r, nil
	case existing == "view" && !b.hooks.countViews:
		return &r, nil
	case existing == "table" && n.materialized == "table":
		small, err := b.small(ctx, n)
		if err != nil {
			return nil, err
		}
		if small { // dbt keeps it for the after hook
			var rows int64
			err := b.conn.QueryRow(ctx, "select count(*) from "+b.relation(n)).Scan(&rows)
			r.count = fmt.Sprint(rows)
			return &r, err
		}
	}
	r.count = "(select count(*) from " + b.relation(n) + ")"
	return nil, b.audit(ctx, n, r)
}

// small reports whether the after hook counts the table that was there. The first time it
// asks the server about all tables of the schema.
func (b builder) small(ctx context.Context, n node) (bool, error) {
	if len(b.hooks.rows) == 0 {
		sql := "select /* dbt_tally */ relname, greatest(reltuples, pg_stat_get_live_tuples(oid)) " +
			"from pg_class where relkind = 'r' and relnamespace = '" +
			quoted(pgx.Identifier{b.schema}.Sanitize()) + "'::regnamespace"
		b.log.debug("On " + n.id() + ": " + sql)
		found, err := b.conn.Query(ctx, sql)
		if err != nil {
			return false, err
		}
		var name string
		var rows float64
		_, err = pgx.ForEachRow(found, []any{&name, &rows}, func() error {
			b.hooks.rows[name] = rows
			return nil
		})
		if err != nil {
			return false, err
		}
		b.log.debug("SQL status: SELECT in 0.001 seconds")
	}
	return b.hooks.rows[n.name] > 0 && b.hooks.rows[n.name] <= 100_000, nil
}

// after writes the after row. affected is the number of rows inserted into a new table,
// if known.
func (b builder) after(ctx context.Context, n node, remembered *row, affected int64) error {
	if b.hooks.table == "" {
		return nil
	}
	r := row{phase: "after", time: now(), materialized: n.materialized}
	anew := n.materialized == "table" || n.materialized == "seed" || n.materialized == "incremental" && remembered != nil
	switch {
	case n.materialized == "view" && !b.hooks.countViews:
		r.count = absent
	case anew:
		r.count = fmt.Sprint(affected)
	default:
		r.count = "(select count(*) from " + b.relation(n) + ")"
	}
	if remembered == nil {
		return b.audit(ctx, n, r)
	}
	return b.audit(ctx, n, *remembered, r)
}

func (b builder) audit(ctx context.Context, n node, rows ...row) error {
	columns := "model_name, execution_time, row_count, run_id"
	if b.hooks.allColumns {
		columns += ", node_id, phase, materialized"
	}
	var selects []string
	for _, r := range rows {
		text := fmt.Sprintf("select '%s - %s', cast('%s' as timestamp), %s, '%s'",
			quoted(b.relation(n)), strings.ToUpper(r.phase), r.time, r.count, b.hooks.invocation)
		if b.hooks.allColumns {
			text += fmt.Sprintf(", '%s', '%s', '%s'", quoted(n.id()), r.phase, r.materialized)
		}
		selects = append(selects, text)
	}
	insert := "insert /* dbt_tally */ into " + b.hooks.table + " (" + columns + ")\n" +
		strings.Join(selects, "\nunion all ")
	guarded := "do $dbt_tally$ begin " + insert +
		"; exception when others or query_canceled then raise warning 'dbt_tally: % (%)', sqlerrm, sqlstate; end $dbt_tally$"
	b.log.debug("On " + n.id() + ": " + guarded)
	err := b.exec(ctx, guarded)
	b.log.debug("SQL status: DO in 0.001 seconds")
	return err
}

func now() string { return time.Now().UTC().Format("2006-01-02 15:04:05.000000") }

// quoted escapes text for an SQL literal, without the quotes around it.
func quoted(text string) string { return strings.ReplaceAll(text, "'", "''") }
