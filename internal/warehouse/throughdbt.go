package warehouse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// throughDBT reaches any warehouse that dbt reaches: dbt runs macros of operations.sql,
// with one start of dbt per call.
type throughDBT struct {
	operator Operator
	table    Table
	access   Access
	sought   HistoryQuery   // as in Options
	setup    map[string]any // for every macro
}

func openThroughDBT(o Options, kind profileType) (engine, error) {
	if o.Operator == nil {
		return nil, fmt.Errorf("profile type %q can only be reached through dbt, and there is no dbt", o.Target.Type)
	}
	return &throughDBT{operator: o.Operator, table: o.Table, access: o.Access, sought: o.History, setup: kind.setup()}, nil
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
	Nodes     [][]*string `json:"nodes"`      // what the newest run stored of its nodes that stored anything
	PastLists [][]*string `json:"past_lists"` // its lists of columns, by their hashes
	Described [][]*string `json:"described"`  // nodes that this run built, and the hashes of their columns
	Lists     [][]*string `json:"lists"`      // their lists of columns
	Unread    int         `json:"undescribed"`
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
	describingStep    = "read the columns"
	storingStep       = "store the fingerprints"
	deletingStep      = "delete the fingerprints"
	comparingStep     = "read earlier runs"
	seekingStep       = "look for the baseline"
)

// creatingSchemaStep precedes the first step that a call can omit.
const creatingSchemaStep = "create the schema"

func (e *throughDBT) prepare(ctx context.Context) (readiness, error) {
	args := e.args()
	args["write"], args["history_identifier"] = e.access == Write, historyView(e.table).Name
	if e.sought.named() {
		args["history"] = historyArgs(CollectRequest{History: e.sought, Invocations: []string{proof}})
	}
	payloads, leftOut, err := e.runWithout(ctx, "dbt_tally_prepare", args, nil,
		addingColumnsStep, makingRunsStep, makingNodesStep, makingHistoryStep, seekingStep)
	if err != nil && lastStep(payloads) == creatingSchemaStep {
		return readiness{}, fmt.Errorf("%w: %w", ErrNoSchema, err)
	}
	if err != nil {
		return readiness{}, err
	}
	last := payloads[len(payloads)-1]
	if len(last.Columns) == 0 {
		return readiness{}, ErrNoTable
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
	ready := readiness{audit: f, problems: problems}
	for _, p := range payloads {
		if len(p.Newest) > 0 {
			ready.notFound = e.sought.notFound(p.Newest)
		}
	}
	return ready, nil
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
	environment, problems := nodesInEnvironment(nodeTable(e.table), f)
	args["nodes"], args["node_run"] = len(environment), f.Code.RunID
	payloads, leftOut, err := e.runWithout(ctx, "dbt_tally_collect", args, environment,
		describingStep, recordingStep, storingStep, deletingStep)
	a.problems = problems
	if why, ok := leftOut[describingStep]; ok {
		a.problems = append(a.problems, noColumnsRead(why))
	}
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
	var described, lists, pastLists [][]*string
	for _, p := range payloads {
		if p.Absent {
			return a, ErrNoTable
		}
		a.relation = cmp.Or(p.Relation, a.relation)
		a.rows = append(a.rows, p.Rows...)
		past.runs = append(past.runs, p.Runs...)
		past.rows = append(past.rows, p.Past...)
		past.newest = append(past.newest, p.Newest...)
		past.nodes, pastLists = append(past.nodes, p.Nodes...), append(pastLists, p.PastLists...)
		described, lists = append(described, p.Described...), append(lists, p.Lists...)
		if p.Unread > 0 {
			a.problems = append(a.problems, noColumnsRead(fmt.Errorf("those of %d relations took more than 10 s", p.Unread)))
		}
	}
	a.columns, past.lists = columnsByHash(described, listsByHash(lists)), listsByHash(pastLists)
	if compared {
		a.earlier = &past
	}
	return a, nil
}

func (e *throughDBT) args() map[string]any {
	return map[string]any{
		"setup":    e.setup,
		"database": e.table.Database, "schema": e.table.Schema,
		"identifier": e.table.Name, "run_identifier": runTable(e.table).Name,
		"node_identifier": nodeTable(e.table).Name, "columns_identifier": columnsTable(e.table).Name,
	}
}

// runWithout runs a macro and, if one of these steps fails, runs it again without that
// step, because Jinja cannot catch the warehouse's error. It returns the omitted steps
// and the reasons.
func (e *throughDBT) runWithout(
	ctx context.Context, macro string, args map[string]any, environment []string, optional ...string,
) ([]payload, map[string]error, error) {
	leftOut := make(map[string]error)
	for {
		args["without"] = slices.Sorted(maps.Keys(leftOut))
		payloads, err := e.run(ctx, macro, args, environment...)
		step := lastStep(payloads)
		if err == nil || leftOut[step] != nil || !slices.Contains(optional, step) {
			return payloads, leftOut, err
		}
		leftOut[step] = err
	}
}

// run also returns the payloads of a failed call.
func (e *throughDBT) run(
	ctx context.Context, macro string, args map[string]any, environment ...string,
) ([]payload, error) {
	texts, failed := e.operator.RunOperation(ctx, macro, args, environment...)
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

// The limits of what is passed to dbt in environment variables. Windows accepts none that is
// longer than 32,767 characters. All of them together, with the arguments, may have 1 MB on
// macOS and 2 MB on Linux.
const (
	pieceSize       = 30_000
	environmentSize = 900_000
)

// nodesInEnvironment returns the nodes of the request in environment variables, for
// dbt_tally_nodes, and what is left out because there are too many.
func nodesInEnvironment(nodes Table, f CollectRequest) (environment, problems []string) {
	text := f.nodesText()
	if len(text) > environmentSize && len(f.Relations) > 0 {
		problems = append(problems, noColumnsRead(fmt.Errorf(
			"%d relations are too many for the environment of dbt", len(f.Relations))))
		f.Relations = nil
		text = f.nodesText()
	}
	if len(text) > environmentSize {
		return nil, append(problems, noFingerprints(nodes, fmt.Errorf(
			"%d nodes are too many for the environment of dbt", len(f.Code.Fingerprints))))
	}
	for len(text) > 0 {
		end := min(len(text), pieceSize)
		for end < len(text) && !utf8.RuneStart(text[end]) {
			end--
		}
		environment = append(environment, fmt.Sprintf("DBT_TALLY_NODES_%d=%s", len(environment), text[:end]))
		text = text[end:]
	}
	return environment, problems
}

// nodesText returns the JSON value that dbt_tally_nodes reads, or "" if it would be empty.
func (f CollectRequest) nodesText() string {
	type byName map[string]int
	all := struct {
		Rows      [][2]string                  `json:"rows"`
		Relations map[string]map[string]byName `json:"relations"`
	}{Relations: map[string]map[string]byName{}}
	for _, id := range slices.Sorted(maps.Keys(f.Code.Fingerprints)) {
		all.Rows = append(all.Rows, [2]string{id, f.Code.Fingerprints[id]})
	}
	at := make(map[string]int, len(all.Rows))
	for i, row := range all.Rows {
		at[row[0]] = i
	}
	for _, id := range slices.Sorted(maps.Keys(f.Relations)) {
		database, schema, name := relationNames(f.Relations[id])
		if schema == "" {
			continue
		}
		row, known := at[id]
		if !known {
			row, all.Rows = len(all.Rows), append(all.Rows, [2]string{id, ""})
		}
		if all.Relations[database] == nil {
			all.Relations[database] = map[string]byName{}
		}
		if all.Relations[database][schema] == nil {
			all.Relations[database][schema] = byName{}
		}
		all.Relations[database][schema][name] = row
	}
	if len(all.Rows) == 0 {
		return ""
	}
	text, err := json.Marshal(all, json.Deterministic(true))
	if err != nil {
		return "" // a name that is not UTF-8, which no manifest contains
	}
	return string(text)
}
