package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
)

// throughDBT reaches any warehouse that dbt reaches, by macros in operations.sql that
// dbt runs: one start of dbt for each call.
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

// payload is what a macro of ours logs: what it is about to do, and what there is.
type payload struct {
	Step     string      `json:"step"`
	Absent   bool        `json:"absent"`
	Relation string      `json:"relation"`
	Columns  []column    `json:"columns"`
	Rows     [][]*string `json:"rows"`
	Runs     [][]*string `json:"runs"`   // earlier runs
	Past     [][]*string `json:"past"`   // their audit rows
	Newest   [][]*string `json:"newest"` // the newest runs
	Log      int64       `json:"log"`    // rows deleted from the audit table
	Run      int64       `json:"run"`    // and from the run table
}

// The steps that a call can do without.
const (
	addingColumnsStep = "add columns"
	makingRunsStep    = "make the run table"
	recordingStep     = "record the run"
	comparingStep     = "read earlier runs"
)

func (e *throughDBT) prepare(ctx context.Context) (found, []string, error) {
	args := e.args()
	args["write"] = e.access == Write
	payloads, leftOut, err := e.runWithout(ctx, "dbt_tally_prepare", args, addingColumnsStep, makingRunsStep)
	if err != nil {
		return found{}, nil, err
	}
	last := payloads[len(payloads)-1]
	if len(last.Columns) == 0 {
		return found{}, nil, ErrNoTable
	}
	f := found{table: e.table, relation: last.Relation, widen: alterCount(last.Relation), columns: last.Columns, layout: auditLayout}
	var problems []string
	if why, ok := leftOut[addingColumnsStep]; ok {
		problems = append(problems, lackingColumns(f, why))
	}
	if why, ok := leftOut[makingRunsStep]; ok {
		problems = append(problems, noRunTable(runTable(e.table), why))
	}
	return f, problems, nil
}

func (e *throughDBT) args() map[string]any {
	return map[string]any{
		"database": e.table.Database, "schema": e.table.Schema,
		"identifier": e.table.Name, "run_identifier": runTable(e.table).Name,
	}
}

// runWithout runs a macro and, where one of these steps fails, again without it:
// Jinja cannot catch the warehouse's error. It returns what was left out and why.
func (e *throughDBT) runWithout(ctx context.Context, macro string, args map[string]any, optional ...string) ([]payload, map[string]error, error) {
	leftOut := make(map[string]error)
	for {
		args["without"] = slices.Sorted(maps.Keys(leftOut))
		payloads, err := e.run(ctx, macro, args)
		step := lastStep(payloads)
		if err == nil || leftOut[step] != nil || !slices.Contains(optional, step) {
			return payloads, leftOut, err
		}
		leftOut[step] = err
	}
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
	if step := lastStep(payloads); failed != nil && step != "" {
		failed = fmt.Errorf("%s: %w", step, failed)
	}
	if failed == nil && len(payloads) == 0 {
		failed = fmt.Errorf("%s logged nothing", macro)
	}
	return payloads, failed
}

// lastStep is the step in which a macro ended, "" before the first.
func lastStep(payloads []payload) (step string) {
	for _, p := range payloads {
		step = cmp.Or(p.Step, step)
	}
	return step
}

func (e *throughDBT) close() error { return nil }
