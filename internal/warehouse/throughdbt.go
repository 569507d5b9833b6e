package warehouse

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
)

// throughDBT reaches any warehouse that dbt reaches, by macros of ours that dbt
// runs: one start of dbt for each call. The macros are in internal/dbt.
type throughDBT struct {
	operator Operator
	table    Table
	access   Access
}

func openThroughDBT(o Options) (engine, error) {
	if o.Operator == nil {
		return nil, fmt.Errorf("profile type %q has no driver of its own, and there is no dbt to reach it through", o.Target.Type)
	}
	path := o.Target.setting("path")
	inMemory := o.Target.Type == "duckdb" && (path == "" || strings.HasPrefix(path, ":memory:"))
	if inMemory && (o.Table.Database == "" || o.Table.Database == "memory") {
		return nil, errors.New("audit table: a DuckDB in memory is gone when dbt ends; want a file as path in the profile, or audit-database: an attached one; see docs/warehouses.md")
	}
	return &throughDBT{operator: o.Operator, table: o.Table, access: o.Access}, nil
}

// payload is what a macro of ours logs: what it is about to do, and in the end
// what there is.
type payload struct {
	Step     string      `json:"step"`
	Absent   bool        `json:"absent"`
	Relation string      `json:"relation"`
	Columns  []column    `json:"columns"`
	Rows     [][]*string `json:"rows"`
}

// addingColumnsStep is the step that the table can do without.
const addingColumnsStep = "add columns"

func (e *throughDBT) prepare(ctx context.Context) (found, []string, error) {
	f, step, err := e.prepareOnce(ctx, true)
	if err == nil || step != addingColumnsStep {
		return f, nil, err
	}
	// Jinja cannot catch the warehouse's error: a second start goes without.
	why := err
	f, _, err = e.prepareOnce(ctx, false)
	if err != nil {
		return found{}, nil, err
	}
	return f, []string{lackingColumns(f, why)}, nil
}

// prepareOnce returns also the step that failed.
func (e *throughDBT) prepareOnce(ctx context.Context, migrate bool) (f found, step string, err error) {
	args := e.args()
	args["write"], args["migrate"] = e.access == Write, migrate
	payloads, err := e.run(ctx, "dbt_tally_prepare", args)
	for _, p := range payloads {
		step = p.Step
		f = found{relation: p.Relation, columns: p.Columns}
	}
	if err != nil && step != "" {
		err = fmt.Errorf("%s: %w", step, err)
	}
	if err == nil && len(f.columns) == 0 {
		err = ErrNoTable
	}
	return f, step, err
}

func (e *throughDBT) records(ctx context.Context, invocations []string) ([]record, error) {
	args := e.args()
	args["invocations"] = invocations
	payloads, err := e.run(ctx, "dbt_tally_rows", args)
	if err != nil {
		return nil, err
	}
	var records []record
	for _, p := range payloads {
		if p.Absent {
			return nil, ErrNoTable
		}
		for _, values := range p.Rows {
			var r record
			fields := r.fields()
			if len(values) != len(fields) {
				return nil, fmt.Errorf("a row of %d values came through dbt; want %d", len(values), len(fields))
			}
			for i, field := range fields {
				*field = values[i]
			}
			records = append(records, r)
		}
	}
	return records, nil
}

func (e *throughDBT) args() map[string]any {
	return map[string]any{"database": e.table.Database, "schema": e.table.Schema, "identifier": e.table.Name}
}

// run returns the payloads of a failed run too.
func (e *throughDBT) run(ctx context.Context, macro string, args map[string]any) ([]payload, error) {
	texts, failed := e.operator.RunOperation(ctx, macro, args)
	payloads := make([]payload, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal(text, &payloads[i]); err != nil {
			return nil, errors.Join(failed, fmt.Errorf("%s: read what it logged: %w", macro, err))
		}
	}
	if failed == nil && len(payloads) == 0 {
		failed = fmt.Errorf("%s logged nothing", macro)
	}
	return payloads, failed
}

func (e *throughDBT) close() error { return nil }
