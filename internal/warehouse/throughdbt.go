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
	"github.com/go-json-experiment/json/jsontext"
)

// throughDBT reaches any warehouse that dbt reaches: dbt runs macros of operations.sql,
// with one start of dbt per call.
type throughDBT struct {
	operator Operator
	table    Table
	access   Access
	setup    map[string]any // for every macro
}

// setup returns the data that the macros need from Go: the layouts of the tables and the
// peculiarities of the warehouse.
func (p profileType) setup() map[string]any {
	type column struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
	columns := func(all []definition) []column {
		named := make([]column, len(all))
		for i, d := range all {
			named[i] = column{Name: d.name, Kind: d.kind.String()}
		}
		return named
	}
	return map[string]any{
		"tutorial": columns(auditLayout.columns[:auditLayout.first]),
		"more":     columns(auditLayout.columns[auditLayout.first:]),
		"run":      columns(runLayout.columns), "run_first": runLayout.first,
		"node":        columns(nodeLayout.columns),
		"history":     historySQL,
		"row_columns": recordColumns, "proof": proof,
		"text_type": p.text, "backslash": p.backslash, "session_schema": p.sessionSchema,
	}
}

// InstalledOperations returns the dbt macros for a project whose dbt this program does not
// start. They contain what the other operations get from Go, for every type of profile.
func InstalledOperations() string {
	literal := func(value any) string {
		text, err := json.Marshal(value, json.Deterministic(true), jsontext.WithIndent("  "))
		if err != nil {
			panic(err) // our own tables
		}
		return string(text)
	}
	own := map[string]any{}
	for name, kind := range profileTypes {
		own[name] = map[string]any{
			"text_type": kind.text, "backslash": kind.backslash, "session_schema": kind.sessionSchema,
		}
	}
	return strings.Join([]string{
		installed, operations, statements,
		"{% macro dbt_tally_setup() %}\n" +
			"  {%- set setup = " + literal(profileType{}.setup()) + " -%}\n" +
			"  {%- do setup.update(" + literal(own) + ".get(target.type, {})) -%}\n" +
			"  {{ return(setup) }}\n{% endmacro %}\n",
	}, "\n")
}

func openThroughDBT(o Options, kind profileType) (engine, error) {
	if o.Operator == nil {
		return nil, fmt.Errorf("profile type %q can only be reached through dbt, and there is no dbt", o.Target.Type)
	}
	return &throughDBT{operator: o.Operator, table: o.Table, access: o.Access, setup: kind.setup()}, nil
}

// payload is a log entry of our macros: the step that comes next, or a result.
type payload struct {
	Step      string      `json:"step"`
	Absent    bool        `json:"absent"`
	Relation  string      `json:"relation"`
	Columns   []column    `json:"columns"`
	Rows      [][]*string `json:"rows"`
	Runs      [][]*string `json:"runs"`       // earlier runs
	Past      [][]*string `json:"past"`       // their audit rows
	Newest    [][]*string `json:"newest"`     // the newest runs
	Nodes     [][]*string `json:"nodes"`      // fingerprints of the newest run that has some
	AuditRows int64       `json:"audit_rows"` // rows deleted from the audit table
	RunRows   int64       `json:"run_rows"`   // and from the run table
}

// The steps that a call can omit.
const (
	addingColumnsStep = "add columns"
	makingRunsStep    = "make the run table"
	makingNodesStep   = "make the node table"
	makingHistoryStep = "make the history view"
	recordingStep     = "record the run"
	storingStep       = "store the fingerprints"
	comparingStep     = "read earlier runs"
)

// creatingSchemaStep precedes the first step that a call can omit.
const creatingSchemaStep = "create the schema"

func (e *throughDBT) prepare(ctx context.Context) (found, []string, error) {
	args := e.args()
	args["write"], args["history_identifier"] = e.access == Write, historyView(e.table).Name
	payloads, leftOut, err := e.runWithout(ctx, "dbt_tally_prepare", args,
		addingColumnsStep, makingRunsStep, makingNodesStep, makingHistoryStep)
	if err != nil && lastStep(payloads) == creatingSchemaStep {
		return found{}, nil, fmt.Errorf("%w: %w", ErrNoSchema, err)
	}
	if err != nil {
		return found{}, nil, err
	}
	last := payloads[len(payloads)-1]
	if len(last.Columns) == 0 {
		return found{}, nil, ErrNoTable
	}
	f := found{
		table: e.table, relation: last.Relation, widen: alterCount(last.Relation),
		columns: last.Columns, layout: auditLayout,
	}
	var problems []string
	if why, ok := leftOut[addingColumnsStep]; ok {
		problems = append(problems, lackingColumns(f, why))
	}
	if why, ok := leftOut[makingRunsStep]; ok {
		problems = append(problems, noRunTable(runTable(e.table), why))
	}
	if why, ok := leftOut[makingNodesStep]; ok {
		problems = append(problems, noFingerprints(nodeTable(e.table), why))
	}
	if why, ok := leftOut[makingHistoryStep]; ok {
		problems = append(problems, noHistoryView(historyView(e.table), why))
	}
	return f, problems, nil
}

func (e *throughDBT) collect(ctx context.Context, f CollectRequest) (answer, error) {
	args := e.args()
	args["invocations"] = f.Invocations
	runs := make([][]*string, len(f.Runs))
	for i, run := range f.Runs {
		runs[i] = runValues(run)
	}
	args["runs"] = runs
	if f.History.Wanted {
		args["history"] = historyArgs(f)
	}
	var a answer
	switch rows := f.Code.rows(); {
	case len(rows) == 0:
	case sizeOf(rows) <= mostArguments:
		args["nodes"] = map[string]any{"run_id": f.Code.RunID, "rows": rows}
	default:
		a.problems = append(a.problems, noFingerprints(nodeTable(e.table),
			fmt.Errorf("%d nodes are too many for an argument of dbt", len(rows))))
	}
	payloads, leftOut, err := e.runWithout(ctx, "dbt_tally_collect", args, recordingStep, storingStep)
	if why, ok := leftOut[recordingStep]; ok {
		a.problems = append(a.problems, notRecorded(runTable(e.table), why))
	}
	if why, ok := leftOut[storingStep]; ok {
		a.problems = append(a.problems, noFingerprints(nodeTable(e.table), why))
	}
	// This step is last: the rows were read, and the run was recorded.
	compared := f.History.Wanted
	if err != nil && lastStep(payloads) == comparingStep {
		a.problems = append(a.problems, noHistory(err))
		compared, err = false, nil
	}
	if err != nil {
		return a, err
	}
	var past earlier
	for _, p := range payloads {
		if p.Absent {
			return a, ErrNoTable
		}
		a.relation = cmp.Or(p.Relation, a.relation)
		a.rows = append(a.rows, p.Rows...)
		past.runs = append(past.runs, p.Runs...)
		past.rows = append(past.rows, p.Past...)
		past.newest = append(past.newest, p.Newest...)
		past.nodes = append(past.nodes, p.Nodes...)
	}
	if compared {
		a.earlier = &past
	}
	return a, nil
}

func historyArgs(f CollectRequest) map[string]any {
	filter := f.filter(10)
	return map[string]any{
		"database": f.History.Database, "schema": f.History.Schema, "identifier": f.History.Name,
		"run_identifier":  runTable(f.History.at(Table{})).Name,
		"node_identifier": nodeTable(f.History.at(Table{})).Name,
		"named":           f.History.named(), "exclude_events": filter.excludeEvents,
		"run_id": filter.id, "branch": filter.branch, "target": filter.target,
		"since": sqlTime(f.History.Before.Add(-historyAge)), "newest_since": sqlTime(f.History.Before.Add(-fallbackAge)),
		"before": sqlTime(f.History.Before), "exclude": f.Invocations, "limit": filter.limit,
	}
}

// dbtBatchRows limits the rows of a statement, except for those of its last run. Through
// dbt a statement costs more than its rows.
const dbtBatchRows = 100_000

func (e *throughDBT) prune(ctx context.Context, p pruning) (audit, run int64, err error) {
	args := e.args()
	args["older_than"], args["dry_run"], args["batch_rows"] = sqlTime(p.than), p.dryRun, dbtBatchRows
	payloads, err := e.run(ctx, "dbt_tally_prune", args)
	for _, done := range payloads {
		if done.Absent {
			return 0, 0, ErrNoTable
		}
		audit, run = audit+done.AuditRows, run+done.RunRows
		if deleted := done.AuditRows + done.RunRows; deleted > 0 && !p.dryRun {
			p.progress(deleted)
		}
	}
	return audit, run, err
}

func (e *throughDBT) args() map[string]any {
	return map[string]any{
		"setup":    e.setup,
		"database": e.table.Database, "schema": e.table.Schema,
		"identifier": e.table.Name, "run_identifier": runTable(e.table).Name,
		"node_identifier": nodeTable(e.table).Name,
	}
}

// mostArguments limits the bytes of fingerprints that are passed to dbt, because Linux
// accepts no argument longer than 128 KiB.
const mostArguments = 90_000

// sizeOf returns the approximate size of rows as JSON.
func sizeOf(rows [][]string) (size int) {
	for _, row := range rows {
		for _, text := range row {
			size += len(text) + len(`"",`)
		}
	}
	return size
}

// runWithout runs a macro and, if one of these steps fails, runs it again without that
// step, because Jinja cannot catch the warehouse's error. It returns the omitted steps
// and the reasons.
func (e *throughDBT) runWithout(
	ctx context.Context, macro string, args map[string]any, optional ...string,
) ([]payload, map[string]error, error) {
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

// run also returns the payloads of a failed call.
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

// lastStep returns the step in which a macro ended, or "" before the first.
func lastStep(payloads []payload) (step string) {
	for _, p := range payloads {
		step = cmp.Or(p.Step, step)
	}
	return step
}

func (e *throughDBT) close() error { return nil }
